// The step loop: a resumable machine that takes one run through its plan, one stage at a time.
#pragma once

#include <memory>
#include <vector>

#include "backend.h"
#include "network.h"
#include "plan.h"

namespace ds {

// What advance() came to.
enum class Advance {
  kStage,    // a stage was done; call again
  kWaiting,  // the device is behind, and nothing was done; call again later
  kForeign,  // a network that is not native is due: fill foreign().output, then resume()
  kDone,     // take_results() is ready
};

// The call that a foreign (JavaScript) network has to answer. Pointers are in the backend's memory.
struct ForeignCall {
  uint32_t evaluator;
  const float* input;
  const float* host_times;         // [rows]
  const float* host_second_times;  // [rows], or null
  float* output;
};

struct NonFinite {
  uint32_t entry;
  int32_t evaluator;  // or kNoEvaluator, kGivenState
  int64_t row;
};

class StepLoop {
 public:
  // `evaluators` has one entry per evaluator of the plan, null for a foreign one. Throws as check_plan does, and
  // Failure(kModel) where the plan calls one of them with another number of times than it takes, or with slots of
  // another type than it reads and writes; a foreign one is float32.
  // The constructor allocates nothing; begin() does.
  StepLoop(std::unique_ptr<Backend> backend, Plan plan, std::vector<std::unique_ptr<Evaluator>> evaluators);
  ~StepLoop();

  // What plan.starts begin as, one array of rows x elements floats each, in the backend's memory.
  // Never written to; must live and stay as they are until reads_starts() says no more.
  void start_from(std::vector<const float*> arrays);
  // Allocates what the run works in, and fills it where a backend has no host memory. The first advance() begins where
  // this was not called.
  void begin();
  // Once it has begun, whether it still reads what it starts from: in host memory that is not copied but read where it
  // lies, until something has written each of the slots.
  bool reads_starts() const;

  Advance advance();
  const ForeignCall& foreign() const;
  void resume();

  Backend& backend();
  const Plan& plan() const;
  // Steps whose every stage was issued.
  uint32_t steps_done() const;
  // Calls of networks that were issued or answered, those of replayed steps included.
  uint64_t evaluations() const;
  // Once a step has ended and before the next advance(): copies plan.preview (rows x elements floats) to host memory,
  // and waits for it.
  void read_preview(float* to);
  // After kDone, once: the buffers of plan.results, owned by the caller from now on.
  std::vector<BufferPtr> take_results();
  // After kDone: the first non-finite value, if any. Waits for the device.
  bool non_finite(NonFinite* out);
  // From any thread: interrupts the evaluator that is running, if any.
  void interrupt() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Throws Failure(kInternal) that names the first index of `plan` out of its range; what it accepts is safe to run.
void check_plan(const Plan& plan, size_t evaluators);

}  // namespace ds
