// The step loop: its bits against the formula row by row, second times, and an interrupt.
#include "../../cuda/step_loop.h"

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "../../cuda/failure.h"
#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "../../native/nets/gaussian_mixture.h"
#include "engine_test.h"
#include "half_reference.h"
#include "small_plan.h"

namespace ds {
namespace {

std::unique_ptr<Backend> cpu(const LaneTable& lanes, const std::shared_ptr<HostMemory>& count) {
  return make_cpu_backend(lanes, count);
}

MixturePtr net_for_plan() {
  Numbers numbers;
  std::vector<float> means(2 * 37);
  for (float& mean : means) mean = numbers.next();
  return make_gaussian_mixture({MixtureKind::kSit, 0.0, {0.25f, 0.75f}, means, {0.5f, 0.25f}, {}});
}

struct Outcome {
  std::vector<float> result;
  bool found = false;
  NonFinite non_finite{};
  int foreign_calls = 0;
};

// Answers the foreign network with v = t - x, or with NaN in row `poisoned` of its second call.
Outcome run_small_plan(const Plan& plan, const LaneTable& lanes, const std::vector<float>* start, int64_t poisoned) {
  const auto count = std::make_shared<HostMemory>();
  Outcome outcome;
  {
    std::vector<std::unique_ptr<Evaluator>> evaluators(2);
    evaluators[0] = bind_gaussian_mixture(net_for_plan());
    StepLoop loop(cpu(lanes, count), plan, std::move(evaluators));
    check(count->live_bytes == 0, "the constructor allocates nothing");
    if (start) loop.start_from({start->data()});
    int stages = 0;
    for (Advance advance; (advance = loop.advance()) != Advance::kDone; ++stages) {
      if (advance != Advance::kForeign) continue;
      check(loop.advance() == Advance::kForeign, "a run that waits keeps waiting");
      const ForeignCall& call = loop.foreign();
      check(call.evaluator == 1, "the foreign network is the second one");
      for (int64_t r = 0; r < plan.rows; ++r) {
        for (int64_t e = 0; e < plan.elements; ++e) {
          const int64_t at = r * plan.elements + e;
          call.output[at] = outcome.foreign_calls == 1 && r == poisoned ? kNan : call.host_times[r] - call.input[at];
        }
      }
      ++outcome.foreign_calls;
      loop.resume();
    }
    check(loop.steps_done() == plan.steps, "every step is counted");
    check(loop.advance() == Advance::kDone, "done stays done");
    outcome.found = loop.non_finite(&outcome.non_finite);
    const BufferPtr result = std::move(loop.take_results().at(0));
    const auto* values = static_cast<const float*>(result->data());
    outcome.result.assign(values, values + plan.rows * plan.elements);
  }
  check(count->live_bytes == 0 && count->peak_bytes > 0, "all memory is given back and was counted");
  return outcome;
}

// u = x + 2 t + 3 r, from the device's times.
class FlowMap final : public Evaluator {
 public:
  bool takes_second_time() const noexcept override { return true; }
  void evaluate(const NetworkCall& call) override {
    for (int64_t r = 0; r < call.rows; ++r) {
      check(call.second_times[r] == call.host_second_times[r], "both copies of the second times agree");
      for (int64_t e = 0; e < call.elements; ++e) {
        const int64_t at = r * call.elements + e;
        static_cast<float*>(call.output)[at] =
            static_cast<const float*>(call.input)[at] + 2 * call.times[r] + 3 * call.second_times[r];
      }
    }
  }
};

// Two steps x' = u + v / 2 from zero: u of evaluator 0, v of evaluator 1, both from t (index 1) to r (index 0).
Plan flow_plan() {
  Plan plan;
  plan.rows = 2, plan.elements = 5, plan.row_shape = {5}, plan.slots.assign(3, Dtype::kFloat32), plan.classes = 2;
  plan.row_class = {1, 0};
  plan.seeds = {1, 2};
  plan.starts = {0};
  plan.results = {0};
  plan.programs.push_back(
      {2, 2, {evaluate_stage(0, 1, 0, {{0, 1}, {1, 2}}), combine_stage(0, {{1, 0, 0}, {2, 1, 0}}, {{0, false}})}});
  plan.sequence = {0, 0};
  plan.steps = 2;
  for (int record = 0; record < 4; ++record) {
    plan.words.insert(plan.words.end(), {word_of_float(1.0f), word_of_float(0.5f)});
  }
  plan.times = {0.5f, 0.25f, 1.0f, 0.75f, 0.0f, -0.25f, 0.5f, 0.25f};
  return plan;
}

float rounded(Dtype dtype, float x) {
  return dtype == Dtype::kFloat32 ? x : static_cast<float>(half_value(dtype, nearest_half(dtype, x)));
}

// v = x t, rounded.
class RoundingNetwork final : public Evaluator {
 public:
  RoundingNetwork(Dtype input, Dtype output) : input_(input), output_(output) {}
  Dtype input_dtype() const noexcept override { return input_; }
  Dtype output_dtype() const noexcept override { return output_; }
  void evaluate(const NetworkCall& call) override {
    for (int64_t at = 0; at < call.rows * call.elements; ++at) {
      const float x = input_ == Dtype::kFloat32
                          ? static_cast<const float*>(call.input)[at]
                          : static_cast<float>(half_value(input_, static_cast<const uint16_t*>(call.input)[at]));
      const float v = x * call.times[at / call.elements];
      if (output_ == Dtype::kFloat32) {
        static_cast<float*>(call.output)[at] = v;
      } else {
        static_cast<uint16_t*>(call.output)[at] = nearest_half(output_, v);
      }
    }
  }

 private:
  Dtype input_, output_;
};

// Two steps x' = x - v / 4 from a given x, where v sees x / 2.
Plan rounding_plan(Dtype input, Dtype output) {
  Plan plan;
  plan.rows = 3, plan.elements = 37, plan.row_shape = {37}, plan.classes = 1;
  plan.slots = {Dtype::kFloat32, input, output};
  plan.row_class = {0, 0, 0};
  plan.seeds = {1, 2, 3};
  plan.starts = {0};
  plan.results = {0};
  plan.programs.push_back({1, 0, {combine_stage(0, {{0, -1, 0}}, {{1, false}})}});
  plan.programs.push_back(
      {3, 1, {evaluate_stage(1, 0, -1, {{0, 2}}), combine_stage(0, {{0, -1, 0}, {2, 0, 0}}, {{0, false}, {1, true}})}});
  plan.sequence = {0, 1, 1};
  plan.steps = 2;
  plan.words = {word_of_float(0.5f)};
  for (int step = 0; step < 2; ++step) {
    plan.words.insert(plan.words.end(), {word_of_float(1.0f), word_of_float(-0.25f), word_of_float(0.5f)});
  }
  plan.times = {1.0f, 0.7f};
  return plan;
}

FailureCode code_of(const Plan& plan, std::unique_ptr<Evaluator> evaluator) {
  std::vector<std::unique_ptr<Evaluator>> evaluators(2);
  evaluators[0] = std::move(evaluator);
  try {
    const StepLoop loop(cpu(kScalarLanes, std::make_shared<HostMemory>()), plan, std::move(evaluators));
  } catch (const Failure& failure) {
    return failure.code;
  }
  return FailureCode::kNumerical;
}

}  // namespace

void test_step_loop() {
  const Plan plan = small_plan();
  // The same by hand, row by row.
  std::vector<float> expected(plan.rows * plan.elements);
  const auto net = net_for_plan();
  for (int64_t r = 0; r < plan.rows; ++r) {
    const uint32_t c = plan.row_class[r];
    float* x = expected.data() + r * plan.elements;
    kScalarLanes.normals(plan.seeds[r], 0, 4, 0, plan.elements, x);
    for (int64_t e = 0; e < plan.elements; ++e) x[e] = x[e] * (c == 0 ? 1.0f : 0.5f);
    for (int step = 0; step < 3; ++step) {
      const float t = plan.times[step * 2 + c];
      std::vector<float> u(plan.elements), scratch(mixture_scratch_floats(1, 2));
      MixtureArgs args{};
      args.rows = 1, args.elements = plan.elements, args.components = 2, args.weights = net->weights.data();
      args.means = net->means.data(), args.deviations = net->deviations.data();
      args.input = x, args.times = &t, args.output = u.data(), args.scratch = scratch.data();
      kScalarLanes.mixture(args, 0, 1);
      for (int64_t e = 0; e < plan.elements; ++e) {
        float sum = std::fma(-0.25f - 0.1f * step, u[e], x[e]);
        if (c == 1) sum = std::fma(0.125f, t - x[e], sum);
        x[e] = sum;
      }
    }
  }
  for (const LaneTable* lanes : tested_lanes()) {
    const Outcome outcome = run_small_plan(plan, *lanes, nullptr, -1);
    check(same_bits(outcome.result.data(), expected.data(), expected.size()),
          "three steps have the bits of the formula");
    check(outcome.foreign_calls == 3 && !outcome.found, "one foreign call a step, all finite");
    const Outcome poisoned = run_small_plan(plan, *lanes, nullptr, 1);
    check(poisoned.found && poisoned.non_finite.entry == 2 && poisoned.non_finite.evaluator == 1 &&
              poisoned.non_finite.row == 1,
          "a NaN is named with step, network and row");
    check(!run_small_plan(plan, *lanes, nullptr, 0).found, "a NaN of a network with coefficient zero is not read");
    Plan from_state = plan;
    from_state.sequence = {1, 1, 1};
    from_state.starts = {0};
    from_state.words.erase(from_state.words.begin(), from_state.words.begin() + 4);
    std::vector<float> start(expected.size());
    for (int64_t r = 0; r < plan.rows; ++r) {
      float* x = start.data() + r * plan.elements;
      kScalarLanes.normals(plan.seeds[r], 0, 4, 0, plan.elements, x);
      for (int64_t e = 0; e < plan.elements; ++e) x[e] = x[e] * (plan.row_class[r] == 0 ? 1.0f : 0.5f);
    }
    check(same_bits(run_small_plan(from_state, *lanes, &start, -1).result.data(), expected.data(), expected.size()),
          "a given state continues with the same bits");
    for (const bool no_rows : {true, false}) {
      Plan empty = plan;
      if (no_rows) {
        empty.rows = 0, empty.row_class.clear(), empty.seeds.clear();
      } else {
        empty.elements = 0, empty.row_shape = {0};
      }
      check(run_small_plan(empty, *lanes, nullptr, -1).foreign_calls == 0, "nothing is asked of a batch of nothing");
    }
  }
}

void test_half_networks() {
  Numbers numbers;
  std::vector<float> start(111);
  for (float& x : start) x = numbers.next();
  for (const LaneTable* lanes : tested_lanes()) {
    uint64_t float_bytes = 0;
    for (int types = 0; types < kDtypes * kDtypes; ++types) {
      const auto input = static_cast<Dtype>(types / kDtypes), output = static_cast<Dtype>(types % kDtypes);
      const Plan plan = rounding_plan(input, output);
      std::vector<float> expected = start;
      for (float& x : expected) {
        for (const float t : plan.times) x = std::fma(-0.25f, rounded(output, rounded(input, x * 0.5f) * t), x);
      }
      const auto count = std::make_shared<HostMemory>();
      std::vector<std::unique_ptr<Evaluator>> evaluators(1);
      evaluators[0] = std::make_unique<RoundingNetwork>(input, output);
      StepLoop loop(cpu(*lanes, count), plan, std::move(evaluators));
      loop.start_from({start.data()});
      while (loop.advance() != Advance::kDone) continue;
      const BufferPtr result = std::move(loop.take_results().at(0));
      const std::string name =
          std::string(lanes->name) + ": a network from " + dtype_name(input) + " to " + dtype_name(output);
      check(same_bits(static_cast<const float*>(result->data()), expected.data(), expected.size()),
            name + " reads and writes rounded numbers");
      if (types == 0) float_bytes = count->peak_bytes;
      const int64_t saved = 8 - dtype_bytes(input) - dtype_bytes(output);
      check(count->peak_bytes + 111 * saved == float_bytes, name + " has slots of their width");
    }
  }
  for (int types = 0; types < kDtypes * kDtypes; ++types) {
    const auto input = static_cast<Dtype>(types / kDtypes), output = static_cast<Dtype>(types % kDtypes);
    const bool fits = input == Dtype::kFloat16 && output == Dtype::kBfloat16;
    check(code_of(rounding_plan(input, output), std::make_unique<RoundingNetwork>(Dtype::kFloat16, Dtype::kBfloat16)) ==
              (fits ? FailureCode::kNumerical : FailureCode::kModel),
          "a network's types are the plan's, or it is refused");
    check(
        code_of(rounding_plan(input, output), nullptr) == (types == 0 ? FailureCode::kNumerical : FailureCode::kModel),
        "a foreign network is float32, or it is refused");
  }
}

void test_interrupt() {
  std::vector<std::unique_ptr<Evaluator>> evaluators(2);
  evaluators[0] = bind_gaussian_mixture(net_for_plan());
  StepLoop loop(cpu(kScalarLanes, std::make_shared<HostMemory>()), small_plan(), std::move(evaluators));
  loop.interrupt();
  FailureCode code = FailureCode::kInternal;
  try {
    while (loop.advance() == Advance::kStage) {
    }
  } catch (const Failure& failure) {
    code = failure.code;
  }
  check(code == FailureCode::kAborted, "an interrupt that comes before its network still ends the run");
}

void test_second_time() {
  const Plan plan = flow_plan();
  std::vector<std::unique_ptr<Evaluator>> evaluators(2);
  evaluators[0] = std::make_unique<FlowMap>();
  StepLoop loop(cpu(kScalarLanes, std::make_shared<HostMemory>()), plan, std::move(evaluators));
  const std::vector<float> start(10, 0.0f);
  loop.start_from({start.data()});
  int foreign_calls = 0;
  for (Advance advance; (advance = loop.advance()) != Advance::kDone;) {
    if (advance != Advance::kForeign) continue;
    const ForeignCall& call = loop.foreign();
    for (int r = 0; r < 2; ++r) {
      const int first = foreign_calls * 4 + static_cast<int>(plan.row_class[r]);
      check(call.host_times[r] == plan.times[first + 2], "a foreign flow map starts at the stage's time");
      check(call.host_second_times[r] == plan.times[first], "a foreign flow map goes to the stage's second time");
      for (int e = 0; e < 5; ++e) call.output[r * 5 + e] = call.host_times[r] - call.host_second_times[r];
    }
    ++foreign_calls;
    loop.resume();
  }
  const BufferPtr result = std::move(loop.take_results().at(0));
  const auto* x = static_cast<const float*>(result->data());
  // Row 0, of class 1: 2 0.75 + 3 0.25 + 0.25, then 2 0.25 - 3 0.25 + 0.25 more. Row 1: likewise with +0.25.
  check(foreign_calls == 2 && x[0] == 2.5f && x[4] == 2.5f, "a row goes through a native and a foreign flow map");
  check(x[5] == 3.75f + 1.25f && x[9] == 5.0f, "another row with its own two times");

  check(code_of(plan, std::make_unique<FlowMap>()) == FailureCode::kNumerical, "a flow map fits a second time");
  check(code_of(plan, bind_gaussian_mixture(net_for_plan())) == FailureCode::kModel,
        "a network of one time is refused a second");
  Plan one = plan;
  one.programs[0].stages[0].evaluate.second_time = -1;
  check(code_of(one, std::make_unique<FlowMap>()) == FailureCode::kModel,
        "a flow map without a second time is refused");
  check(code_of(one, bind_gaussian_mixture(net_for_plan())) == FailureCode::kNumerical, "one time fits one time");
}

}  // namespace ds
