// The step loop: host code only, one source for builds with CUDA and without.
#include "step_loop.h"

#include <mutex>
#include <string>
#include <utility>

#include "failure.h"
#include "run_table.h"

namespace ds {

struct StepLoop::State {
  // The backend stands first because evaluators and buffers must go before it.
  std::unique_ptr<Backend> backend;
  Plan plan;
  std::vector<std::unique_ptr<Evaluator>> evaluators;
  std::vector<const float*> starts;
  bool starts_in_host_memory = false;

  std::vector<BufferPtr> slots;
  std::vector<BufferPtr> results;
  RunTable table;

  bool begun = false;
  bool waiting = false;
  bool done = false;
  size_t entry = 0;
  size_t stage = 0;
  size_t call = 0;
  uint32_t steps_done = 0;
  ForeignCall foreign{};
  unsigned long long final_status = kStatusClean;

  std::mutex interrupt_mutex;
  Evaluator* running = nullptr;
  bool interrupted = false;

  size_t slot_bytes(uint32_t index) const {
    return static_cast<size_t>(plan.rows * plan.elements * dtype_bytes(plan.slots[index]));
  }
  void* slot(uint32_t index) { return slots[index]->data(); }
  bool empty() const { return plan.rows == 0 || plan.elements == 0; }
  const StepProgram& program() const { return plan.programs[plan.sequence[entry]]; }

  void begin();
  void combine(const CombineStage& combine_stage);
  Advance evaluate(const EvaluateStage& evaluate_stage);
  void run(Evaluator* evaluator, const NetworkCall& network_call);
  void next_call();
  void next_stage();
  void end();
};

void StepLoop::State::begin() {
  if (starts.size() != plan.starts.size()) {
    throw Failure(FailureCode::kInternal, "the plan starts from " + std::to_string(plan.starts.size()) +
                                              " arrays but was given " + std::to_string(starts.size()));
  }
  slots.reserve(plan.slots.size());
  for (uint32_t s = 0; s < plan.slots.size(); ++s) slots.push_back(backend->allocate(slot_bytes(s)));
  table = RunTable(plan, backend.get());
  if (!starts.empty() && !empty()) {
    for (size_t i = 0; i < starts.size(); ++i) {
      const uint32_t to = plan.starts[i];
      if (starts_in_host_memory) {
        backend->upload(slot(to), starts[i], slot_bytes(to));
      } else {
        backend->copy(slot(to), starts[i], slot_bytes(to));
      }
    }
    // Their owners may free them on another stream after this call, so the copies have to be over by then.
    if (!starts_in_host_memory) backend->finish();
  }
  begun = true;
}

void StepLoop::State::combine(const CombineStage& combine_stage) {
  CombineArgs args{};
  args.rows = plan.rows;
  args.elements = plan.elements;
  args.row_offsets = table.row_offsets();
  args.row_class = table.row_class();
  args.seeds = table.seeds();
  args.words = table.words(entry);
  args.stride = program().words;
  args.first_word = combine_stage.first_word;
  args.entry = static_cast<uint32_t>(entry);
  args.pass = static_cast<uint32_t>(stage);
  args.term_count = static_cast<int32_t>(combine_stage.terms.size());
  args.output_count = static_cast<int32_t>(combine_stage.outputs.size());
  for (size_t j = 0; j < combine_stage.terms.size(); ++j) {
    const PlanTerm& term = combine_stage.terms[j];
    if (term.slot < 0) {
      args.terms[j] = {nullptr, term.draw, term.evaluator, Dtype::kFloat32};
    } else {
      const auto from = static_cast<uint32_t>(term.slot);
      args.terms[j] = {slot(from), term.draw, term.evaluator, plan.slots[from]};
    }
  }
  for (size_t o = 0; o < combine_stage.outputs.size(); ++o) {
    const PlanOutput& output = combine_stage.outputs[o];
    args.outputs[o] = {slot(output.slot), output.derived ? 1u : 0u, plan.slots[output.slot]};
  }
  args.status = table.status();
  backend->combine(args);
}

Advance StepLoop::State::evaluate(const EvaluateStage& evaluate_stage) {
  const EvaluateCall& due = evaluate_stage.calls[call];
  const float* host_times = table.host_times(entry, evaluate_stage.time);
  const bool second = evaluate_stage.second_time >= 0;
  const auto second_time = static_cast<uint32_t>(evaluate_stage.second_time);
  const float* host_second_times = second ? table.host_times(entry, second_time) : nullptr;
  if (!evaluators[due.evaluator]) {
    foreign = {due.evaluator, static_cast<const float*>(slot(evaluate_stage.input)), host_times, host_second_times,
               static_cast<float*>(slot(due.output))};
    waiting = true;
    return Advance::kForeign;
  }
  NetworkCall network_call{};
  network_call.backend = backend.get();
  network_call.rows = plan.rows;
  network_call.elements = plan.elements;
  network_call.input = slot(evaluate_stage.input);
  network_call.times = table.times(entry, evaluate_stage.time);
  network_call.host_times = host_times;
  network_call.second_times = second ? table.times(entry, second_time) : nullptr;
  network_call.host_second_times = host_second_times;
  network_call.output = slot(due.output);
  run(evaluators[due.evaluator].get(), network_call);
  next_call();
  return Advance::kStage;
}

void StepLoop::State::run(Evaluator* evaluator, const NetworkCall& network_call) {
  struct Running {
    State& state;
    Running(State& owner, Evaluator* next) : state(owner) {
      const std::lock_guard<std::mutex> lock(state.interrupt_mutex);
      if (state.interrupted) throw Failure(FailureCode::kAborted, "the run was interrupted");
      state.running = next;
    }
    ~Running() {
      const std::lock_guard<std::mutex> lock(state.interrupt_mutex);
      state.running = nullptr;
    }
  };
  const Running scope(*this, evaluator);
  evaluator->evaluate(network_call);
}

void StepLoop::State::next_call() {
  if (++call == program().stages[stage].evaluate.calls.size()) next_stage();
}

void StepLoop::State::next_stage() {
  call = 0;
  if (++stage < program().stages.size()) return;
  stage = 0;
  if (entry++ < plan.sequence.size() - plan.steps) return;
  backend->step_done();
  ++steps_done;
}

void StepLoop::State::end() {
  backend->finish();
  backend->download(&final_status, table.status(), sizeof(final_status));
  for (const uint32_t result : plan.results) results.push_back(std::move(slots[result]));
  slots.clear();
  table = RunTable();
  done = true;
}

namespace {

[[noreturn]] void refuse(const EvaluateCall& due, const std::string& why) {
  throw Failure(FailureCode::kModel, "evaluator " + std::to_string(due.evaluator) + why);
}

void check_second_time(const Evaluator& evaluator, const EvaluateCall& due, bool given) {
  if (evaluator.takes_second_time() == given) return;
  refuse(due, given ? " takes one time, but the plan gives it a second one, as flow maps have"
                    : " is a flow map and takes a second time, but the plan gives it none");
}

void check_dtypes(const Evaluator* evaluator, const EvaluateCall& due, Dtype input, Dtype output) {
  const Dtype takes = evaluator ? evaluator->input_dtype() : Dtype::kFloat32;
  const Dtype gives = evaluator ? evaluator->output_dtype() : Dtype::kFloat32;
  if (takes != input) {
    refuse(due, std::string(" takes ") + dtype_name(takes) + ", but the plan gives it " + dtype_name(input));
  }
  if (gives != output) {
    refuse(due, std::string(" gives ") + dtype_name(gives) + ", but the plan wants " + dtype_name(output));
  }
}

void check_evaluators(const Plan& plan, const std::vector<std::unique_ptr<Evaluator>>& evaluators) {
  for (const StepProgram& program : plan.programs) {
    for (const Stage& stage : program.stages) {
      for (const EvaluateCall& due : stage.evaluate.calls) {
        const Evaluator* evaluator = evaluators[due.evaluator].get();
        if (evaluator) check_second_time(*evaluator, due, stage.evaluate.second_time >= 0);
        check_dtypes(evaluator, due, plan.slots[stage.evaluate.input], plan.slots[due.output]);
      }
    }
  }
}

}  // namespace

StepLoop::StepLoop(std::unique_ptr<Backend> backend, Plan plan, std::vector<std::unique_ptr<Evaluator>> evaluators)
    : state_(std::make_unique<State>()) {
  check_plan(plan, evaluators.size());
  check_evaluators(plan, evaluators);
  state_->backend = std::move(backend);
  state_->plan = std::move(plan);
  state_->evaluators = std::move(evaluators);
}

StepLoop::~StepLoop() = default;

void StepLoop::start_from(std::vector<const float*> arrays, bool in_host_memory) {
  state_->starts = std::move(arrays);
  state_->starts_in_host_memory = in_host_memory;
}

Advance StepLoop::advance() {
  State& s = *state_;
  if (s.done) return Advance::kDone;
  if (s.waiting) return Advance::kForeign;
  if (!s.begun) s.begin();
  const bool over = s.entry == s.plan.sequence.size();
  const bool between_steps = s.stage == 0 && s.call == 0;
  if (between_steps && !s.backend->ready(over ? 0 : kStepsAhead)) return Advance::kWaiting;
  if (over) {
    s.end();
    return Advance::kDone;
  }
  const Stage& due = s.program().stages[s.stage];
  if (due.is_combine) {
    s.combine(due.combine);
    s.next_stage();
    return Advance::kStage;
  }
  if (s.empty()) {
    // No network has to know what a batch of nothing is.
    s.next_call();
    return Advance::kStage;
  }
  return s.evaluate(due.evaluate);
}

const ForeignCall& StepLoop::foreign() const { return state_->foreign; }

void StepLoop::resume() {
  if (!state_->waiting) throw Failure(FailureCode::kInternal, "resume() without a foreign network that is due");
  state_->waiting = false;
  state_->next_call();
}

Backend& StepLoop::backend() { return *state_->backend; }
const Plan& StepLoop::plan() const { return state_->plan; }
uint32_t StepLoop::steps_done() const { return state_->steps_done; }

void StepLoop::read_preview(float* to) {
  State& s = *state_;
  if (s.plan.preview < 0 || s.done || s.steps_done == 0) {
    throw Failure(FailureCode::kInternal, "read_preview() without a preview");
  }
  const auto from = static_cast<uint32_t>(s.plan.preview);
  s.backend->download(to, s.slot(from), s.slot_bytes(from));
}

std::vector<BufferPtr> StepLoop::take_results() {
  if (!state_->done) throw Failure(FailureCode::kInternal, "take_results() before the run was done");
  return std::exchange(state_->results, {});
}

bool StepLoop::non_finite(NonFinite* out) {
  if (!state_->done) throw Failure(FailureCode::kInternal, "non_finite() before the run was done");
  const unsigned long long status = state_->final_status;
  if (status == kStatusClean) return false;
  *out = {status_entry(status), status_evaluator(status), status_row(status)};
  return true;
}

void StepLoop::interrupt() noexcept {
  const std::lock_guard<std::mutex> lock(state_->interrupt_mutex);
  state_->interrupted = true;
  if (state_->running) state_->running->interrupt();
}

}  // namespace ds
