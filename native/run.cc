// Every exception of a turn becomes the run's ending here; nothing escapes to the executor's thread.
#include "run.h"

#include <cstring>
#include <utility>

namespace ds {
namespace {

constexpr const char* kCancelled = "The run was cancelled";

std::string describe(const FailureReport& failure) {
  const std::string where = failure.step < 0 ? "while making the start" : "in step " + std::to_string(failure.step);
  const std::string who = failure.evaluator == kGivenState ? "it was there from the start"
                          : failure.evaluator < 0 ? "the update overflowed"
                                                  : "evaluator " + std::to_string(failure.evaluator) + " wrote it";
  return "A value that is not finite appeared " + where + ", row " + std::to_string(failure.row) + ": " + who;
}

}  // namespace

Run::Run(const Executor& executor, std::unique_ptr<StepLoop> loop, std::vector<RunStart> starts,
         std::unique_ptr<RunListener> listener, std::shared_ptr<WorkCount> count)
    : queue_(executor.queue()),
      rows_(loop->plan().rows),
      elements_(loop->plan().elements),
      loop_(std::move(loop)),
      starts_(std::move(starts)),
      listener_(std::move(listener)),
      count_(std::move(count)),
      host_memory_(loop_->backend().host_memory()) {}

Run::~Run() = default;

Turn Run::advance() noexcept {
  meter_.turn_begins();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    state_ = State::kRunning;
  }
  RunEnd over;
  try {
    const Turn turn = take_turn();
    if (turn == Turn::kAgain || turn == Turn::kNotReady) rest();
    if (turn != Turn::kEnded) return turn;
    over = complete();
  } catch (...) {
    over.failed = true;
    over.failure = report_current();
  }
  end(std::move(over));
  return Turn::kEnded;
}

Turn Run::take_turn() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) throw Failure(FailureCode::kAborted, kCancelled);
  }
  if (!begun_) begin();
  if (answered_) {
    answered_ = false;
    if (!host_memory_) {
      loop_->backend().upload(loop_->foreign().output, staged_output_.data(), values() * sizeof(float));
    }
    loop_->resume();
    meter_.answered(loop_->evaluations());
    // A program may end with a network; the next stage would already write over what the preview shows.
    tell_progress();
  }
  const Advance advance = loop_->advance();
  let_starts_go();
  if (advance == Advance::kStage) meter_.stage_ended(loop_->evaluations());
  tell_progress();
  switch (advance) {
    case Advance::kStage:
      return Turn::kAgain;
    case Advance::kWaiting:
      return Turn::kNotReady;
    case Advance::kForeign:
      return park();
    case Advance::kDone:
      break;
  }
  return Turn::kEnded;
}

void Run::begin() {
  if (!starts_.empty()) {
    std::vector<const float*> arrays;
    for (const RunStart& start : starts_) arrays.push_back(start.values);
    loop_->start_from(std::move(arrays));
  }
  loop_->begin();
  let_starts_go();
  begun_ = true;
  meter_.set_aside();
}

void Run::let_starts_go() {
  if (!loop_->reads_starts()) starts_.clear();
}

void Run::tell_progress() {
  const uint32_t steps = loop_->steps_done();
  if (steps == steps_.load(std::memory_order_relaxed)) return;
  steps_.store(steps, std::memory_order_relaxed);
  meter_.tell(steps, count_.get());
  if (!listener_->progress_wanted(steps == loop_->plan().steps)) return;
  std::vector<float> preview;
  if (loop_->plan().preview >= 0) {
    preview.resize(values());
    loop_->read_preview(preview.data());
  }
  listener_->progressed(steps, std::move(preview));
}

Turn Run::park() {
  if (!host_memory_) {
    staged_input_.resize(values());
    staged_output_.resize(values());
    loop_->backend().download(staged_input_.data(), loop_->foreign().input, values() * sizeof(float));
  }
  meter_.tell(steps(), count_.get());
  // Under the lock: once it is open, an answer may start the next turn on another thread.
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return Turn::kAgain;
  listener_->network_due();
  state_ = State::kWaiting;
  return Turn::kParked;
}

// A run that is to end reads nothing more, so what it starts from need not wait for its last turn, which may be behind
// a long call of another run.
void Run::rest() {
  std::lock_guard<std::mutex> lock(mutex_);
  state_ = State::kReady;
  if (stopped_) starts_.clear();
}

RunEnd Run::complete() {
  RunEnd over;
  NonFinite found;
  if (loop_->non_finite(&found)) {
    const Plan& plan = loop_->plan();
    const int64_t lead = static_cast<int64_t>(plan.sequence.size()) - static_cast<int64_t>(plan.steps);
    over.failed = true;
    over.failure.code = FailureCode::kNumerical;
    over.failure.step = static_cast<int64_t>(found.entry) - lead;
    over.failure.row = found.row;
    over.failure.evaluator = found.evaluator;
    over.failure.message = describe(over.failure);
  } else {
    over.results = loop_->take_results();
  }
  return over;
}

void Run::end(RunEnd over) noexcept {
  std::unique_ptr<StepLoop> loop;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    state_ = State::kDone;
    loop = std::move(loop_);
    // Whatever an interrupted stage threw, the reason is why it was interrupted.
    if (stopped_ && over.failed) over.failure = std::move(reason_);
  }
  meter_.tell(steps(), count_.get());
  ++(over.failed ? count_->runs_failed : count_->runs_finished);
  // Memory is free before the end is told, so that a caller who counts it sees it gone.
  loop.reset();
  starts_.clear();
  std::vector<float>().swap(staged_input_);
  std::vector<float>().swap(staged_output_);
  listener_->ended(std::move(over));
}

void Run::cancel() noexcept { stop_with(FailureCode::kAborted, kCancelled); }

void Run::fail(FailureCode code, const char* message) noexcept { stop_with(code, message); }

void Run::stop_with(FailureCode code, const char* message) noexcept {
  bool parked = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (state_ == State::kDone) return;
    if (!stopped_) {
      reason_ = report(code, message);
      stopped_ = true;
    }
    if (state_ == State::kWaiting) {
      state_ = State::kReady;
      parked = true;
    } else if (state_ == State::kRunning) {
      loop_->interrupt();
    }
    if (state_ == State::kReady) starts_.clear();
  }
  if (parked) queue_->requeue(*this);
}

bool Run::due(DueCall* call) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (state_ != State::kWaiting) return false;
  const ForeignCall& foreign = loop_->foreign();
  *call = DueCall{foreign.evaluator, static_cast<size_t>(rows_), values(), foreign.host_second_times != nullptr};
  return true;
}

bool Run::take_input(float* x, float* t, float* r) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (state_ != State::kWaiting) return false;
  const ForeignCall& call = loop_->foreign();
  std::memcpy(x, host_memory_ ? call.input : staged_input_.data(), values() * sizeof(float));
  const size_t time_bytes = static_cast<size_t>(rows_) * sizeof(float);
  std::memcpy(t, call.host_times, time_bytes);
  if (call.host_second_times != nullptr) std::memcpy(r, call.host_second_times, time_bytes);
  return true;
}

bool Run::answer(const float* out) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (state_ != State::kWaiting) return false;
    std::memcpy(host_memory_ ? loop_->foreign().output : staged_output_.data(), out, values() * sizeof(float));
    answered_ = true;
    state_ = State::kReady;
  }
  queue_->requeue(*this);
  return true;
}

}  // namespace ds
