// How a call of the library is stopped from another thread: run options with a flag, and who raised it.
#pragma once

#include <atomic>
#include <string>

#include "../../cuda/failure.h"
#include "ort_api.h"

namespace ds {

class Interruption {
 public:
  // `api` and `label`, which names the model in sentences, must outlive this.
  Interruption(const ort::Api& api, const std::string& label)
      : api_(api), label_(label), options_(api.make<ort::RunOptionsHandle>(ort::kCreateRunOptions)) {}

  ort::RunOptions* options() const noexcept { return options_.get(); }

  // From any thread; it stands for good.
  void interrupt() noexcept {
    // Before the call to the library: its error is taken for an abort only when this says so.
    interrupted_.store(true);
    if (ort::Status* status = api_.call(ort::kRunOptionsSetTerminate, options_.get())) {
      api_.call(ort::kReleaseStatus, status);
    }
  }

  // Throws Failure(kAborted) after interrupt().
  void check() const {
    if (interrupted_.load()) throw Failure(FailureCode::kAborted, "The run of " + label_ + " was aborted.");
  }

 private:
  const ort::Api& api_;
  const std::string& label_;
  std::atomic<bool> interrupted_{false};
  ort::RunOptionsHandle options_;
};

}  // namespace ds
