// One sampling run as a task: the step loop, its state, its cancellation, and an ending that is told exactly once.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../cuda/step_loop.h"
#include "executor.h"
#include "failure_report.h"
#include "work_count.h"

namespace ds {

struct RunEnd {
  bool failed = false;
  FailureReport failure;
  std::vector<BufferPtr> results;
};

// Hears of a run, on executor threads.
class RunListener {
 public:
  virtual ~RunListener() = default;
  // A foreign network is due: take_input(), then answer(). What it throws ends the run.
  virtual void network_due() = 0;
  // A step has ended, the `last` one or not: whether somebody wants to hear of it.
  virtual bool progress_wanted(bool last) noexcept = 0;
  // `steps` have ended, with these values in the plan's preview; no values without a preview.
  virtual void progressed(uint32_t steps, std::vector<float> preview) noexcept = 0;
  // Exactly once, and last.
  virtual void ended(RunEnd end) noexcept = 0;
};

// Values that a run starts from, in the memory of its backend, and what keeps them there. It goes with the last
// reading.
struct RunStart {
  const float* values;
  std::shared_ptr<const void> keeper;
};

struct DueCall {
  uint32_t evaluator;
  size_t rows;
  size_t values;     // rows x elements
  bool second_time;  // a flow map's
};

class Run final : public Task {
 public:
  // `starts` fill the plan's starts, in its order. `count` is the device's.
  Run(const Executor& executor, std::unique_ptr<StepLoop> loop, std::vector<RunStart> starts,
      std::unique_ptr<RunListener> listener, std::shared_ptr<WorkCount> count);
  ~Run() override;

  Turn advance() noexcept override;
  void cancel() noexcept override;
  // As cancel(), with another reason; the first reason stands.
  void fail(FailureCode code, const char* message) noexcept;

  // Steps finished so far.
  uint32_t steps() const noexcept { return steps_.load(std::memory_order_relaxed); }
  // The three below do nothing and say false unless a foreign network is due.
  bool due(DueCall* call);
  // Copies the due call's input (`values` floats) and times (`rows` floats); `r` gets the second times, if it has any.
  bool take_input(float* x, float* t, float* r);
  // Takes the network's output (`values` floats) and goes on.
  bool answer(const float* out);

 private:
  enum class State { kReady, kRunning, kWaiting, kDone };

  Turn take_turn();
  void begin();
  void tell_progress();
  Turn park();
  void rest();
  void let_starts_go();
  RunEnd complete();
  void end(RunEnd end) noexcept;
  void stop_with(FailureCode code, const char* message) noexcept;
  size_t values() const { return static_cast<size_t>(rows_) * static_cast<size_t>(elements_); }

  const std::shared_ptr<TaskQueue> queue_;
  const int64_t rows_;
  const int64_t elements_;
  std::unique_ptr<StepLoop> loop_;
  // Until the loop has read them for the last time. Changed in turns, and under the mutex between them.
  std::vector<RunStart> starts_;
  std::unique_ptr<RunListener> listener_;
  const std::shared_ptr<WorkCount> count_;
  RunMeter meter_;
  bool begun_ = false;
  const bool host_memory_;
  std::vector<float> staged_input_;  // without host memory only
  std::vector<float> staged_output_;
  bool answered_ = false;
  std::atomic<uint32_t> steps_{0};

  std::mutex mutex_;
  State state_ = State::kReady;
  bool stopped_ = false;
  FailureReport reason_;
};

}  // namespace ds
