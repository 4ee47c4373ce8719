// The JavaScript side of one run in progress: its handlers, and the arrays that its network holds at the moment.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "environment.h"
#include "run.h"
#include "tensor.h"

namespace ds {

// RunHandlers, read once.
struct RunFunctions {
  Napi::Object receiver;
  Napi::Function network, progress, done;
};

class PendingRun final : public Pending {
 public:
  // `values` is the length of each result.
  PendingRun(Napi::Object device, const Device* owner, size_t values, bool previews, const RunFunctions& functions);

  void attach(std::shared_ptr<Run> run) { run_ = std::move(run); }
  // An array that the run reads where it lies, until it is let go.
  void keep(Napi::Float32Array array) { kept_.push_back(Napi::Reference<Napi::Float32Array>::New(array, 1)); }
  // Detaches them: their memory is free at once.
  void let_arrays_go() noexcept;
  // Calls the network handler if the run still waits for it.
  void call_network(Environment& environment, Napi::Env env);
  // `preview` goes with `steps`; without a preview the handler hears of all steps that have ended by now.
  void call_progress(Environment& environment, Napi::Env env, uint32_t steps, const std::vector<float>& preview);
  // Detaches, then calls `done`.
  void call_done(Napi::Env env, RunEnd end);
  // JavaScript says that `out` is filled.
  void resume(Environment& environment);
  void cancel(Environment& environment) noexcept;

  // Of which run: steps finished, whether its plan has a preview, and whether its next step is to be told.
  uint32_t steps() const noexcept { return run_->steps(); }
  bool previews() const noexcept { return previews_; }
  const std::shared_ptr<std::atomic<bool>>& report_wanted() const noexcept { return report_wanted_; }

 private:
  struct Lent {
    Napi::Reference<Napi::Float32Array> x, t, r, out;
    bool active = false;
  };

  void lend(Environment& environment, Napi::Env env, const DueCall& call);
  enum class Memory { kFree, kKeep };
  static void detach_array(Napi::Reference<Napi::Float32Array>& reference, Memory memory) noexcept;
  void detach(Memory memory) noexcept;

  Napi::ObjectReference device_;
  Napi::ObjectReference receiver_;
  Napi::FunctionReference network_, progress_, done_;
  std::vector<Napi::Reference<Napi::Float32Array>> kept_;
  const Device* owner_;
  const size_t values_;
  const bool previews_;
  uint32_t told_steps_ = 0;
  const std::shared_ptr<std::atomic<bool>> report_wanted_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<Run> run_;
  Lent lent_;
};

}  // namespace ds
