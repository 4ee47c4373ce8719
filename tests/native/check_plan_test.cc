// What check_plan accepts and refuses.
#include <functional>
#include <string>
#include <utility>

#include "../../cuda/failure.h"
#include "../../cuda/step_loop.h"
#include "engine_test.h"
#include "small_plan.h"

namespace ds {
namespace {

void refused(const std::string& part, const std::function<void(Plan*)>& spoil) {
  Plan plan = small_plan();
  spoil(&plan);
  try {
    check_plan(plan, 2);
    check(false, "check_plan accepts: " + part);
  } catch (const Failure& failure) {
    check(failure.code == FailureCode::kInternal && std::string(failure.what()).find(part) != std::string::npos,
          "expected '" + part + "' in: " + failure.what());
  }
}

}  // namespace

void test_check_plan() {
  check_plan(small_plan(), 2);
  const auto pass = [](Plan* p) -> CombineStage& { return p->programs[1].stages[1].combine; };
  const auto group = [](Plan* p) -> EvaluateStage& { return p->programs[1].stages[0].evaluate; };
  refused("rows", [](Plan* p) { p->rows = -1; });
  refused("rows", [](Plan* p) { p->rows = int64_t{1} << 62; });
  refused("too large", [](Plan* p) { p->rows = int64_t{1} << 31, p->elements = int64_t{1} << 31; });
  refused("elements", [](Plan* p) { p->row_shape = {36}; });
  refused("rowShape", [](Plan* p) { p->row_shape = {int64_t{1} << 40, int64_t{1} << 40}; });
  refused("rowShape", [](Plan* p) { p->row_shape = {-37, -1}; });
  refused("slots", [](Plan* p) { p->slots.clear(); });
  refused("classes", [](Plan* p) {
    p->rows = 0, p->row_class.clear(), p->seeds.clear(), p->words.clear(), p->times.clear();
    p->classes = 0, p->programs[1].times = ~0u;
  });
  refused("programs[1].times", [](Plan* p) { p->programs[1].times = (1u << 20) + 1; });
  refused("programs[0].words", [](Plan* p) { p->programs[0].words = (1u << 20) + 1; });
  refused("rowClass", [](Plan* p) { p->row_class.pop_back(); });
  refused("rowClass[1]", [](Plan* p) { p->row_class[1] = 2; });
  refused("seeds", [](Plan* p) { p->seeds.pop_back(); });
  refused("words", [](Plan* p) { p->words.pop_back(); });
  refused("times", [](Plan* p) { p->times.push_back(0); });
  refused("sequence[3]", [](Plan* p) { p->sequence[3] = 2; });
  refused("steps", [](Plan* p) { p->steps = 5; });
  refused("programs[0].stages", [](Plan* p) { p->programs[0].stages.clear(); });
  refused("terms", [&](Plan* p) { pass(p).terms.clear(); });
  refused("terms", [&](Plan* p) { pass(p).terms.resize(kMaxTerms + 1); });
  refused("outputs", [&](Plan* p) { pass(p).outputs.clear(); });
  refused("outputs", [&](Plan* p) { pass(p).outputs.resize(kMaxOutputs + 1); });
  refused("terms[1].slot", [&](Plan* p) { pass(p).terms[1].slot = 3; });
  refused("terms[1].slot", [&](Plan* p) { pass(p).terms[1].slot = -2; });
  refused("terms[1].evaluator", [&](Plan* p) { pass(p).terms[1].evaluator = 2; });
  refused("terms[1].evaluator", [&](Plan* p) { pass(p).terms[1].evaluator = -2; });
  refused("draw", [&](Plan* p) { pass(p).terms[1] = {-1, -1, 4}; });
  refused("outputs[0].slot", [&](Plan* p) { pass(p).outputs[0].slot = 3; });
  refused("derived", [&](Plan* p) { pass(p).outputs[0].derived = true; });
  refused("same slot", [&](Plan* p) { pass(p).outputs.push_back({0, true}); });
  refused("firstWord", [&](Plan* p) { pass(p).first_word = 2; });
  refused("firstWord", [&](Plan* p) { pass(p).first_word = ~0u; });
  refused("calls", [&](Plan* p) { group(p).calls.clear(); });
  refused("calls[0].evaluator", [&](Plan* p) { group(p).calls[0].evaluator = 2; });
  refused("calls[1].output", [&](Plan* p) { group(p).calls[1].output = 3; });
  refused("own input", [&](Plan* p) { group(p).calls[1].output = 0; });
  refused("same slot", [&](Plan* p) { group(p).calls[1].output = 1; });
  refused("input", [&](Plan* p) { group(p).input = 9; });
  refused("time", [&](Plan* p) { group(p).time = 1; });
  refused("secondTime", [&](Plan* p) { group(p).second_time = 1; });
  refused("secondTime", [&](Plan* p) { group(p).second_time = -2; });
  refused("reads slot 1", [&](Plan* p) { std::swap(p->programs[1].stages[0], p->programs[1].stages[1]); });
  refused("reads slot 2", [&](Plan* p) { group(p).input = 2, group(p).calls = {{0, 1}}; });

  Plan no_start = small_plan();
  no_start.sequence = {1, 1, 1};
  no_start.words.erase(no_start.words.begin(), no_start.words.begin() + 4);
  bool thrown = false;
  try {
    check_plan(no_start, 2);
  } catch (const Failure&) {
    thrown = true;
  }
  check(thrown, "a run without a state that reads it is refused");
  refused("starts[0]", [&](Plan* p) { p->starts = {9}; });
  refused("starts[1]", [&](Plan* p) { p->starts = {1, 1}; });
  refused("preview", [](Plan* p) { p->preview = 3; });
  refused("preview", [](Plan* p) { p->preview = -2; });
  // Slot 3 is written by the second step only.
  const auto late = [](Plan* p) {
    p->slots.resize(4), p->programs.push_back(p->programs[1]), p->sequence[2] = 2;
    p->programs[2].stages[0].evaluate.calls[1].output = 3;
  };
  refused("preview is slot 3", [&](Plan* p) { late(p), p->preview = 3; });
  Plan previewed = small_plan();
  late(&previewed), previewed.preview = 2;
  check_plan(previewed, 2);
  refused("results[0]", [&](Plan* p) { p->results = {9}; });
  refused("results[1]", [&](Plan* p) { p->results = {0, 0}; });

  const auto half = [](Plan* p, size_t slot) { p->slots[slot] = Dtype::kFloat16; };
  Plan narrow = small_plan();
  half(&narrow, 1), half(&narrow, 2);
  check_plan(narrow, 2);
  refused("results[0]", [&](Plan* p) { half(p, 0); });
  refused("starts[0]", [&](Plan* p) { half(p, 1), p->starts = {1}; });
  refused("preview", [&](Plan* p) { half(p, 2), p->preview = 2; });
  refused("outputs[0], of which", [&](Plan* p) { half(p, 1), pass(p).outputs = {{1, false}, {0, true}}; });
}

}  // namespace ds
