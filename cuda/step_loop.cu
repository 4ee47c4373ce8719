// The step loop: host code only, one source for builds with CUDA and without.
#include "step_loop.h"

#include <mutex>
#include <string>
#include <utility>

#include "check_evaluators.h"
#include "failure.h"
#include "workspace.h"

namespace ds {

struct StepLoop::State {
  // The backend stands first because evaluators and buffers must go before it.
  std::unique_ptr<Backend> backend;
  Plan plan;
  Evaluators evaluators;
  std::vector<const float*> starts;
  // Of each slot: the values that were given for it and are read in its place until something writes it, or null. All
  // null where steps may be recorded, which is nowhere in host memory.
  std::vector<const void*> given;
  size_t given_count = 0;  // those that are not null

  std::unique_ptr<Workspace> workspace;
  std::vector<BufferPtr> results;

  // Null where nothing is recorded.
  Recorder* recorder = nullptr;
  struct Program {
    bool recordable = false;
    bool queued_before = false;  // so that its kernels are loaded
  };
  std::vector<Program> programs;

  bool begun = false;
  bool waiting = false;
  bool done = false;
  size_t entry = 0;
  size_t stage = 0;
  size_t call = 0;
  uint32_t steps_done = 0;
  uint64_t evaluations = 0;
  ForeignCall foreign{};
  unsigned long long final_status = kStatusClean;

  std::mutex interrupt_mutex;
  Evaluator* running = nullptr;
  bool interrupted = false;

  ~State() { put_workspace_back(); }

  // To be written; whoever has done so says wrote().
  void* slot(uint32_t index) { return workspace->slots[index]->data(); }
  const void* readable(uint32_t index) { return given[index] ? given[index] : slot(index); }
  void wrote(uint32_t index) {
    if (std::exchange(given[index], nullptr)) --given_count;
  }
  RunTable& table() { return workspace->table; }
  bool empty() const { return plan.rows == 0 || plan.elements == 0; }
  const StepProgram& program() const { return plan.programs[plan.sequence[entry]]; }

  void begin();
  void take_starts();
  void open_workspace();
  void put_workspace_back() noexcept;
  // `cursor` as in CombineArgs and NetworkCall.
  void combine(const CombineStage& combine_stage, const StepCursor* cursor);
  void evaluate(const EvaluateStage& evaluate_stage, const StepCursor* cursor);
  Advance evaluate_or_ask(const EvaluateStage& evaluate_stage);
  const float* host_second_times(const EvaluateStage& evaluate_stage);
  bool whole_step_due() const { return recorder && programs[plan.sequence[entry]].recordable; }
  void whole_step();
  void queue_step();
  // Under the mutex.
  void throw_if_interrupted() const {
    if (interrupted) throw Failure(FailureCode::kAborted, "the run was interrupted");
  }
  void run(Evaluator* evaluator, const NetworkCall& network_call);
  void next_call();
  void next_stage();
  void next_entry();
  void end();
};

void StepLoop::State::begin() {
  if (starts.size() != plan.starts.size()) {
    throw Failure(FailureCode::kInternal, "the plan starts from " + std::to_string(plan.starts.size()) +
                                              " arrays but was given " + std::to_string(starts.size()));
  }
  open_workspace();
  given.assign(plan.slots.size(), nullptr);
  if (!starts.empty() && !empty()) take_starts();
  begun = true;
}

void StepLoop::State::take_starts() {
  for (size_t i = 0; i < starts.size(); ++i) {
    const uint32_t to = plan.starts[i];
    if (backend->host_memory()) {
      given[to] = starts[i];
      ++given_count;
    } else {
      backend->copy(slot(to), starts[i], slot_bytes(plan, to));
    }
  }
  starts.clear();
  // Their owners may free them on another stream after this call, so the copies have to be over by then.
  if (!backend->host_memory()) backend->finish();
}

void StepLoop::State::open_workspace() {
  const std::vector<bool> recordable = recordable_programs(plan, evaluators);
  programs.resize(plan.programs.size());
  for (size_t p = 0; p < programs.size(); ++p) {
    programs[p].recordable = recordable[p] && plan.graph && !empty();
    if (programs[p].recordable) recorder = backend->recorder();
  }
  if (!recorder) {
    workspace = make_workspace(plan, evaluators, backend.get());
    table().fill(plan, false, backend.get());
    return;
  }
  std::vector<uint64_t> shape = workspace_shape(plan, evaluators);
  workspace = recorder->take(shape);
  if (!workspace) {
    workspace = make_workspace(plan, evaluators, backend.get());
    workspace->shape = std::move(shape);
  }
  // At once, so that whatever fails from here on leaves all memory together.
  const auto recorded = [&](size_t e) { return evaluators[e] && evaluators[e]->blueprint(); };
  for (size_t e = 0; e < evaluators.size(); ++e) {
    if (recorded(e)) evaluators[e]->take_memory(std::move(workspace->evaluator_memory[e]));
  }
  table().fill(plan, true, backend.get());
  for (size_t e = 0; e < evaluators.size(); ++e) {
    if (recorded(e)) evaluators[e]->prepare(backend.get(), plan.rows, plan.elements);
  }
}

void StepLoop::State::put_workspace_back() noexcept {
  if (!recorder || !workspace) return;
  try {
    for (size_t e = 0; e < evaluators.size(); ++e) {
      if (evaluators[e] && evaluators[e]->blueprint()) {
        workspace->evaluator_memory[e] = evaluators[e]->release_memory();
      }
    }
    recorder->keep(std::move(workspace));
  } catch (...) {
    // No memory for the lists: then the workspace is no later run's.
  }
}

void StepLoop::State::combine(const CombineStage& combine_stage, const StepCursor* cursor) {
  CombineArgs args{};
  args.rows = plan.rows;
  args.elements = plan.elements;
  args.row_offsets = table().row_offsets();
  args.row_class = table().row_class();
  args.seeds = table().seeds();
  args.words = table().words(cursor ? 0 : entry);
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
      args.terms[j] = {readable(from), term.draw, term.evaluator, plan.slots[from]};
    }
  }
  for (size_t o = 0; o < combine_stage.outputs.size(); ++o) {
    const PlanOutput& output = combine_stage.outputs[o];
    args.outputs[o] = {slot(output.slot), output.derived ? 1u : 0u, plan.slots[output.slot]};
  }
  args.status = table().status();
  args.cursor = cursor;
  backend->combine(args);
  for (const PlanOutput& output : combine_stage.outputs) wrote(output.slot);
}

Advance StepLoop::State::evaluate_or_ask(const EvaluateStage& evaluate_stage) {
  const EvaluateCall& due = evaluate_stage.calls[call];
  if (!evaluators[due.evaluator]) {
    foreign = {due.evaluator, static_cast<const float*>(readable(evaluate_stage.input)),
               table().host_times(entry, evaluate_stage.time), host_second_times(evaluate_stage),
               static_cast<float*>(slot(due.output))};
    waiting = true;
    return Advance::kForeign;
  }
  evaluate(evaluate_stage, nullptr);
  next_call();
  return Advance::kStage;
}

const float* StepLoop::State::host_second_times(const EvaluateStage& evaluate_stage) {
  if (evaluate_stage.second_time < 0) return nullptr;
  return table().host_times(entry, static_cast<uint32_t>(evaluate_stage.second_time));
}

void StepLoop::State::evaluate(const EvaluateStage& evaluate_stage, const StepCursor* cursor) {
  const EvaluateCall& due = evaluate_stage.calls[call];
  const size_t times_of = cursor ? 0 : entry;
  NetworkCall network_call{};
  network_call.backend = backend.get();
  network_call.rows = plan.rows;
  network_call.elements = plan.elements;
  network_call.input = readable(evaluate_stage.input);
  network_call.times = table().times(times_of, evaluate_stage.time);
  network_call.host_times = table().host_times(entry, evaluate_stage.time);
  if (evaluate_stage.second_time >= 0) {
    network_call.second_times = table().times(times_of, static_cast<uint32_t>(evaluate_stage.second_time));
    network_call.host_second_times = host_second_times(evaluate_stage);
  }
  network_call.output = slot(due.output);
  network_call.cursor = cursor;
  run(evaluators[due.evaluator].get(), network_call);
  wrote(due.output);
}

void StepLoop::State::whole_step() {
  {
    const std::lock_guard<std::mutex> lock(interrupt_mutex);
    throw_if_interrupted();
  }
  Program& due = programs[plan.sequence[entry]];
  RecordingPtr& recording = workspace->recordings[plan.sequence[entry]];
  if (!recording && due.queued_before) recording = recorder->record([this] { queue_step(); });
  if (recording) {
    recorder->replay(*recording);
  } else {
    queue_step();
    due.queued_before = true;
  }
  for (const Stage& each : program().stages) evaluations += each.evaluate.calls.size();
  next_entry();
}

// What a recording consists of.
void StepLoop::State::queue_step() {
  StepCursor* cursor = table().cursor(plan.sequence[entry]);
  recorder->advance(cursor, table().cursor_entries());
  for (stage = 0; stage < program().stages.size(); ++stage) {
    const Stage& due = program().stages[stage];
    if (due.is_combine) combine(due.combine, cursor);
    for (call = 0; call < due.evaluate.calls.size(); ++call) evaluate(due.evaluate, cursor);
  }
  stage = call = 0;
}

void StepLoop::State::run(Evaluator* evaluator, const NetworkCall& network_call) {
  struct Running {
    State& state;
    Running(State& owner, Evaluator* next) : state(owner) {
      const std::lock_guard<std::mutex> lock(state.interrupt_mutex);
      state.throw_if_interrupted();
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
  if (!empty()) ++evaluations;
  if (++call == program().stages[stage].evaluate.calls.size()) next_stage();
}

void StepLoop::State::next_stage() {
  call = 0;
  if (++stage < program().stages.size()) return;
  next_entry();
}

void StepLoop::State::next_entry() {
  stage = 0;
  if (entry++ < plan.sequence.size() - plan.steps) return;
  backend->step_done();
  ++steps_done;
}

void StepLoop::State::end() {
  for (const uint32_t result : plan.results) {
    if (given[result]) {
      backend->copy(slot(result), given[result], slot_bytes(plan, result));
      wrote(result);
    }
    if (!recorder) {
      results.push_back(std::move(workspace->slots[result]));
      continue;
    }
    // Recorded steps write to the buffers of their workspace, whoever's run it is.
    results.push_back(backend->allocate(slot_bytes(plan, result)));
    backend->copy(results.back()->data(), slot(result), slot_bytes(plan, result));
  }
  backend->finish();
  backend->download(&final_status, table().status(), sizeof(final_status));
  put_workspace_back();
  workspace.reset();
  done = true;
}

StepLoop::StepLoop(std::unique_ptr<Backend> backend, Plan plan, std::vector<std::unique_ptr<Evaluator>> evaluators)
    : state_(std::make_unique<State>()) {
  check_plan(plan, evaluators.size());
  check_evaluators(plan, evaluators);
  state_->backend = std::move(backend);
  state_->plan = std::move(plan);
  state_->evaluators = std::move(evaluators);
}

StepLoop::~StepLoop() = default;

void StepLoop::start_from(std::vector<const float*> arrays) { state_->starts = std::move(arrays); }

void StepLoop::begin() {
  if (!state_->begun) state_->begin();
}

bool StepLoop::reads_starts() const { return !state_->done && state_->given_count > 0; }

Advance StepLoop::advance() {
  State& s = *state_;
  if (s.done) return Advance::kDone;
  if (s.waiting) return Advance::kForeign;
  begin();
  const bool over = s.entry == s.plan.sequence.size();
  const bool between_steps = s.stage == 0 && s.call == 0;
  if (between_steps && !s.backend->ready(over ? 0 : kStepsAhead)) return Advance::kWaiting;
  if (over) {
    s.end();
    return Advance::kDone;
  }
  if (between_steps && s.whole_step_due()) {
    s.whole_step();
    return Advance::kStage;
  }
  const Stage& due = s.program().stages[s.stage];
  if (due.is_combine) {
    s.combine(due.combine, nullptr);
    s.next_stage();
    return Advance::kStage;
  }
  if (s.empty()) {
    // No network has to know what a batch of nothing is.
    s.next_call();
    return Advance::kStage;
  }
  return s.evaluate_or_ask(due.evaluate);
}

const ForeignCall& StepLoop::foreign() const { return state_->foreign; }

void StepLoop::resume() {
  if (!state_->waiting) throw Failure(FailureCode::kInternal, "resume() without a foreign network that is due");
  State& s = *state_;
  s.waiting = false;
  s.wrote(s.program().stages[s.stage].evaluate.calls[s.call].output);
  s.next_call();
}

Backend& StepLoop::backend() { return *state_->backend; }
const Plan& StepLoop::plan() const { return state_->plan; }
uint32_t StepLoop::steps_done() const { return state_->steps_done; }
uint64_t StepLoop::evaluations() const { return state_->evaluations; }

void StepLoop::read_preview(float* to) {
  State& s = *state_;
  if (s.plan.preview < 0 || s.done || s.steps_done == 0) {
    throw Failure(FailureCode::kInternal, "read_preview() without a preview");
  }
  const auto from = static_cast<uint32_t>(s.plan.preview);
  s.backend->download(to, s.readable(from), slot_bytes(s.plan, from));
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
