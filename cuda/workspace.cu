// Workspaces and their shapes. Host code only.
#include "workspace.h"

#include <algorithm>

namespace ds {
namespace {

// The first step of a program is queued as ever, which loads its kernels; the second is recorded. A third is the first
// that gains by it.
constexpr size_t kWorthRecording = 3;

bool launches_alone(const StepProgram& program, const Evaluators& evaluators) {
  for (const Stage& stage : program.stages) {
    for (const EvaluateCall& due : stage.evaluate.calls) {
      const Evaluator* evaluator = evaluators[due.evaluator].get();
      if (!evaluator || !evaluator->blueprint()) return false;
    }
  }
  return true;
}

// Writes a shape number by number. Lists begin with their length, so that different plans never read alike.
class Shape {
 public:
  template <class T>
  Shape& operator<<(T number) {
    numbers.push_back(static_cast<uint64_t>(number));
    return *this;
  }
  template <class T, class Write>
  void list(const std::vector<T>& items, const Write& write) {
    *this << items.size();
    for (const T& item : items) write(item);
  }
  std::vector<uint64_t> numbers;
};

void write_stage(const Stage& stage, Shape* shape) {
  *shape << stage.is_combine << stage.combine.first_word;
  shape->list(stage.combine.terms, [&](const PlanTerm& term) { *shape << term.slot << term.evaluator << term.draw; });
  shape->list(stage.combine.outputs, [&](const PlanOutput& output) { *shape << output.slot << output.derived; });
  *shape << stage.evaluate.input << stage.evaluate.time << stage.evaluate.second_time;
  shape->list(stage.evaluate.calls, [&](const EvaluateCall& due) { *shape << due.evaluator << due.output; });
}

}  // namespace

std::vector<bool> recordable_programs(const Plan& plan, const Evaluators& evaluators) {
  std::vector<bool> recordable;
  for (uint32_t p = 0; p < plan.programs.size(); ++p) {
    const auto steps = static_cast<size_t>(std::count(plan.sequence.begin(), plan.sequence.end(), p));
    recordable.push_back(steps >= kWorthRecording && launches_alone(plan.programs[p], evaluators));
  }
  return recordable;
}

std::unique_ptr<Workspace> make_workspace(const Plan& plan, const Evaluators& evaluators, Backend* backend) {
  auto workspace = std::make_unique<Workspace>();
  workspace->slots.reserve(plan.slots.size());
  for (uint32_t s = 0; s < plan.slots.size(); ++s) workspace->slots.push_back(backend->allocate(slot_bytes(plan, s)));
  workspace->recordings.resize(plan.programs.size());
  workspace->evaluator_memory.resize(evaluators.size());
  for (const auto& evaluator : evaluators) {
    workspace->blueprints.push_back(evaluator ? evaluator->blueprint() : nullptr);
  }
  return workspace;
}

std::vector<uint64_t> workspace_shape(const Plan& plan, const Evaluators& evaluators) {
  Shape shape;
  shape << plan.rows << plan.elements << plan.classes;
  shape.list(plan.slots, [&](Dtype dtype) { shape << dtype; });
  shape.list(plan.sequence, [&](uint32_t program) { shape << program; });
  shape.list(plan.programs, [&](const StepProgram& program) {
    shape << program.words << program.times;
    shape.list(program.stages, [&](const Stage& stage) { write_stage(stage, &shape); });
  });
  shape.list(evaluators, [&](const std::unique_ptr<Evaluator>& evaluator) {
    shape << reinterpret_cast<uintptr_t>(evaluator ? evaluator->blueprint().get() : nullptr);
  });
  return std::move(shape.numbers);
}

}  // namespace ds
