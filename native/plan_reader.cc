// Types and ranges of single fields are checked here; how they fit together, by check_plan.
#include "plan_reader.h"

#include <limits>
#include <utility>

#include "../cuda/step_loop.h"
#include "js_error.h"

namespace ds {
namespace {

constexpr int64_t kMaxSafe = (int64_t{1} << 53) - 1;
constexpr int64_t kMaxUint32 = std::numeric_limits<uint32_t>::max();

uint32_t index_of(const Field& field) { return static_cast<uint32_t>(field.integer(0, kMaxUint32)); }

int32_t index_or_none(const Field& field) {
  return static_cast<int32_t>(field.integer(-1, std::numeric_limits<int32_t>::max()));
}

PlanTerm read_term(const Field& field) {
  const Field draw = field.get("draw");
  if (!draw.value().IsUndefined()) return {-1, -1, index_of(draw)};
  const auto slot = field.get("slot").integer(0, std::numeric_limits<int32_t>::max());
  return {static_cast<int32_t>(slot), index_or_none(field.get("evaluator")), 0};
}

Dtype read_dtype(const Field& field) {
  const std::string name = field.text();
  for (int i = 0; i < kDtypes; ++i) {
    if (name == kDtypeNames[i]) return static_cast<Dtype>(i);
  }
  field.refuse("'float32', 'float16' or 'bfloat16'");
}

Stage read_combine(const Field& field) {
  Stage stage{};
  stage.is_combine = true;
  stage.combine.first_word = index_of(field.get("firstWord"));
  const Field terms = field.get("terms");
  const uint32_t term_count = terms.length();
  for (uint32_t i = 0; i < term_count; ++i) stage.combine.terms.push_back(read_term(terms.at(i)));
  const Field outputs = field.get("outputs");
  const uint32_t output_count = outputs.length();
  for (uint32_t i = 0; i < output_count; ++i) {
    const Field output = outputs.at(i);
    stage.combine.outputs.push_back({index_of(output.get("slot")), output.get("derived").boolean()});
  }
  return stage;
}

Stage read_evaluate(const Field& field) {
  Stage stage{};
  stage.evaluate.input = index_of(field.get("input"));
  stage.evaluate.time = index_of(field.get("time"));
  stage.evaluate.second_time = index_or_none(field.get("secondTime"));
  const Field calls = field.get("calls");
  const uint32_t count = calls.length();
  for (uint32_t i = 0; i < count; ++i) {
    const Field call = calls.at(i);
    stage.evaluate.calls.push_back({index_of(call.get("evaluator")), index_of(call.get("output"))});
  }
  return stage;
}

Stage read_stage(const Field& field) {
  const Field kind = field.get("kind");
  const std::string name = kind.text();
  if (name == "combine") return read_combine(field);
  if (name == "evaluate") return read_evaluate(field);
  kind.refuse("'combine' or 'evaluate'");
}

StepProgram read_program(const Field& field) {
  StepProgram program{};
  program.words = index_of(field.get("words"));
  program.times = index_of(field.get("times"));
  const Field stages = field.get("stages");
  const uint32_t count = stages.length();
  for (uint32_t i = 0; i < count; ++i) {
    const Napi::HandleScope scope(field.value().Env());
    program.stages.push_back(read_stage(stages.at(i)));
  }
  return program;
}

}  // namespace

Plan read_plan(const Field& field, std::vector<uint32_t> starts) {
  Plan plan;
  plan.starts = std::move(starts);
  plan.rows = field.get("rows").integer(0, kMaxSafe);
  plan.elements = field.get("elements").integer(0, kMaxSafe);
  plan.row_shape = field.get("rowShape").integers(0, kMaxSafe);
  const Field slots = field.get("slots");
  const uint32_t slot_count = slots.length();
  for (uint32_t i = 0; i < slot_count; ++i) plan.slots.push_back(read_dtype(slots.at(i)));
  const Field programs = field.get("programs");
  const uint32_t program_count = programs.length();
  for (uint32_t i = 0; i < program_count; ++i) plan.programs.push_back(read_program(programs.at(i)));
  plan.sequence = field.get("sequence").array<uint32_t>();
  plan.steps = index_of(field.get("steps"));
  plan.classes = index_of(field.get("classes"));
  plan.row_class = field.get("rowClass").array<uint32_t>();
  plan.words = field.get("words").array<uint32_t>();
  plan.times = field.get("times").array<float>();
  plan.seeds = field.get("seeds").array<uint64_t>();
  plan.results = field.get("results").array<uint32_t>();
  plan.preview = index_or_none(field.get("preview"));
  plan.graph = field.get("graph").boolean();
  try {
    check_plan(plan, field.get("evaluators").length());
  } catch (const Failure& failure) {
    throw js_type_error(field.value().Env(), kInvalidPlan, failure.what());
  }
  return plan;
}

}  // namespace ds
