// One piece of work off the JavaScript thread that answers with a promise.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "environment.h"
#include "executor.h"
#include "failure_report.h"

namespace ds {

class Job : public Task {
 public:
  Turn advance() noexcept final;
  void cancel() noexcept final {
    cancelled_.store(true);
    interrupt();
  }

  // What JavaScript keeps alive until the answer: the device, arrays that the work writes to. Held here and not in a
  // JavaScript array, which the user's code may have changed for all arrays.
  using Kept = std::vector<Napi::ObjectReference>;

  // Starts `job`; rejects with ERR_CLOSED when the device is closed.
  static Napi::Promise start(Napi::Env env, Executor& executor, std::shared_ptr<Job> job,
                             const std::vector<Napi::Object>& kept);
  // On the JavaScript thread: what is kept goes now. No work touches it once this has returned.
  virtual void abandon() noexcept {}

 protected:
  // On an executor thread.
  virtual void work() = 0;
  // From any thread, before or during work(), any number of times: end it soon.
  virtual void interrupt() noexcept {}
  // On the JavaScript thread, after work() returned.
  virtual Napi::Value answer(Napi::Env env, const Kept& kept) = 0;

 private:
  class Done;

  std::atomic<bool> cancelled_{false};
  std::shared_ptr<Outbox> outbox_;
  std::unique_ptr<Message> done_;  // made in advance, so that the answer needs no memory
  bool failed_ = false;
  FailureReport failure_;
};

// A promise rejected with `error`.
Napi::Promise rejected(Napi::Env env, const Napi::Error& error);

}  // namespace ds
