// Whether networks fit the calls that a plan makes of them. Host code only.
#include "check_evaluators.h"

#include <string>

#include "failure.h"

namespace ds {
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

}  // namespace

void check_evaluators(const Plan& plan, const Evaluators& evaluators) {
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

}  // namespace ds
