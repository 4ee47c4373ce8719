// Tests of the engine without Node: formulas on every lane, the CPU backend, the step loop and the plan check.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "../../cuda/combine.h"
#include "../../cuda/cuda_devices.h"
#include "../../cuda/failure.h"
#include "../../cuda/step_loop.h"
#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "../../native/nets/gaussian_mixture.h"

namespace {

using namespace ds;

int failures = 0;

void check(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::printf("FAILED: %s\n", what.c_str());
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
const int64_t kSizes[] = {0, 1, 3, 4, 5, 31, 32, 33, 127, 129, 4097};

bool same_bits(const float* a, const float* b, size_t count) {
  return count == 0 || std::memcmp(a, b, count * sizeof(float)) == 0;
}

uint32_t word_of_float(float x) { return ds::bits(x); }

// Numbers in [-2, 2) that differ from call to call.
class Numbers {
 public:
  float next() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<float>(static_cast<int32_t>(state_ >> 40) - (1 << 23)) * 0x1p-22f;
  }

 private:
  uint64_t state_ = 1;
};

// A buffer at an address that is a multiple of 64, as backends make them.
class Floats {
 public:
  explicit Floats(size_t count) : count_(count), memory_(count + 32) {}
  float* data() {
    const auto at = reinterpret_cast<uintptr_t>(memory_.data());
    return memory_.data() + ((64 - at % 64) % 64) / sizeof(float);
  }
  size_t count() const { return count_; }

 private:
  size_t count_;
  std::vector<float> memory_;
};

// ---- combine ----

// As backend.h describes the pass, written without tiles or lanes.
void reference_combine(const CombineArgs& args, std::vector<std::vector<float>>* results) {
  results->assign(static_cast<size_t>(args.output_count), std::vector<float>(args.rows * args.elements));
  for (int64_t r = 0; r < args.rows; ++r) {
    const uint32_t* record = args.words + args.row_class[r] * args.stride;
    for (int64_t e = 0; e < args.elements; ++e) {
      uint32_t at = args.first_word;
      for (int o = 0; o < args.output_count; ++o) {
        float& result = (*results)[o][r * args.elements + e];
        if (args.outputs[o].derived) {
          result = ds::from_bits(record[at++]) * (*results)[0][r * args.elements + e];
          continue;
        }
        result = 0.0f;
        for (int j = 0; j < args.term_count; ++j) {
          const float c = ds::from_bits(record[at++]);
          if (c == 0.0f) continue;
          float y;
          if (args.terms[j].base) {
            y = args.terms[j].base[args.row_offsets[r] + e];
          } else {
            kScalarLanes.normals(args.seeds[r], 0, record[args.terms[j].draw], e, 1, &y);
          }
          result = std::fma(c, y, result);
        }
      }
    }
  }
}

// The kernel's walk, on the host: tiles of four floats, aligned or not.
template <int kOutputs>
void kernel_walk(const CombineArgs& args) {
  for (int64_t r = 0; r < args.rows; ++r) {
    const CombineRow row = combine_row(args, r);
    for (int64_t e = 0; e < args.elements; e += 4) {
      const FloatTile tile{(row.offset & 3) == 0, static_cast<int>(std::min<int64_t>(4, args.elements - e))};
      combine_tile<float, kOutputs>(args, row, e, tile);
    }
  }
}

struct CombineCase {
  int64_t rows, elements;
  int terms, outputs;
  bool alias, noise, derived;
};

void combine_equals_reference(const CombineCase& c, const std::string& name,
                              const std::function<void(const CombineArgs&)>& run) {
  const size_t count = static_cast<size_t>(c.rows * c.elements);
  Numbers numbers;
  std::vector<Floats> inputs(c.terms, Floats(count)), outputs(c.outputs, Floats(count));
  for (Floats& input : inputs) {
    for (size_t i = 0; i < count; ++i) input.data()[i] = numbers.next();
  }
  const uint32_t classes = 2, first_word = 2, stride = first_word + c.terms * c.outputs + 1;
  std::vector<uint32_t> words(classes * stride);
  for (uint32_t& word : words) word = word_of_float(numbers.next());
  std::vector<int64_t> offsets(c.rows);
  std::vector<uint32_t> row_class(c.rows);
  std::vector<uint64_t> seeds(c.rows);
  for (int64_t r = 0; r < c.rows; ++r) {
    offsets[r] = r * c.elements;
    row_class[r] = r % classes;
    seeds[r] = 0x123456789abcdefull * (r + 1);
  }
  // The second term is unused by class 0, and by output 0 of class 1; its buffer is poison for class 0.
  if (c.terms > 1) {
    for (int o = 0; o < c.outputs; ++o) words[first_word + o * c.terms + 1] = word_of_float(o % 2 ? 0.0f : -0.0f);
    if (c.outputs > 1 && !c.derived) words[stride + first_word + 1] = 0;
    for (int64_t r = 0; r < c.rows; r += classes) {
      for (int64_t e = 0; e < c.elements; ++e) inputs[1].data()[offsets[r] + e] = e % 2 ? kNan : kInfinity;
    }
  }
  unsigned long long status = kStatusClean;
  CombineArgs args{};
  args.rows = c.rows, args.elements = c.elements;
  args.row_offsets = offsets.data(), args.row_class = row_class.data(), args.seeds = seeds.data();
  args.words = words.data(), args.stride = stride, args.first_word = first_word;
  args.term_count = c.terms, args.output_count = c.outputs, args.status = &status;
  for (int j = 0; j < c.terms; ++j) args.terms[j] = {inputs[j].data(), 0, -1};
  if (c.noise) args.terms[c.terms - 1] = {nullptr, 1, -1};
  words[1] = 7, words[stride + 1] = 9;
  for (int o = 0; o < c.outputs; ++o) args.outputs[o] = {outputs[o].data(), c.derived && o == c.outputs - 1 ? 1u : 0u};
  if (c.alias) args.outputs[c.outputs - 1].base = inputs[0].data();
  std::vector<std::vector<float>> expected;
  reference_combine(args, &expected);
  run(args);
  for (int o = 0; o < c.outputs; ++o) {
    check(same_bits(args.outputs[o].base, expected[o].data(), count),
          name + ": output " + std::to_string(o) + " of " + std::to_string(c.outputs) + ", " + std::to_string(c.rows) +
              " x " + std::to_string(c.elements) + ", " + std::to_string(c.terms) + " terms");
  }
  check(status == kStatusClean, name + ": unused terms that are not finite leave the status clean");
}

void test_combine() {
  for (const int64_t elements : kSizes) {
    for (const int64_t rows : {0, 1, 3}) {
      for (const int terms : {1, 2, 5, kMaxTerms}) {
        for (const int outputs : {1, 2, 3, kMaxOutputs}) {
          for (int flags = 0; flags < 8; ++flags) {
            const CombineCase c{rows,
                                elements,
                                terms,
                                outputs,
                                (flags & 1) != 0,
                                (flags & 2) != 0 && terms != 2,
                                (flags & 4) != 0 && outputs > 1};
            if (elements > 4000 && terms > 5) continue;
            for (const LaneTable* lanes : available_lanes()) combine_equals_reference(c, lanes->name, lanes->combine);
            combine_equals_reference(c, "kernel walk", [&](const CombineArgs& args) {
              if (outputs == 1) return kernel_walk<1>(args);
              if (outputs == 2) return kernel_walk<2>(args);
              kernel_walk<kMaxOutputs>(args);
            });
          }
        }
      }
    }
  }
}

void test_unread_terms() {
  for (const LaneTable* lanes : available_lanes()) {
    Floats x(77), out(77);
    for (int i = 0; i < 77; ++i) x.data()[i] = 1.0f;
    const int64_t offset = 0;
    const uint32_t row_class = 0, words[] = {word_of_float(2.0f), word_of_float(-0.0f)};
    const uint64_t seed = 1;
    unsigned long long status = kStatusClean;
    CombineArgs args{};
    args.rows = 1, args.elements = 77, args.row_offsets = &offset, args.row_class = &row_class, args.seeds = &seed;
    args.words = words, args.stride = 2, args.term_count = 2, args.output_count = 1, args.status = &status;
    // Reading the second term would end the process.
    args.terms[0] = {x.data(), 0, -1}, args.terms[1] = {reinterpret_cast<const float*>(uintptr_t{64}), 0, 0};
    args.outputs[0] = {out.data(), 0};
    lanes->combine(args);
    check(out.data()[0] == 2.0f && out.data()[76] == 2.0f, std::string(lanes->name) + ": a zero term is not read");
  }
}

void test_status() {
  // Row 1, element `bad`: term 1 (evaluator 4) is not finite. Row 0 overflows by itself where asked.
  const auto status_of = [](const LaneTable& lanes, int64_t bad, float value, float coefficient, bool overflow) {
    const int64_t elements = 77;
    Floats x(2 * elements), v(2 * elements);
    for (int64_t i = 0; i < 2 * elements; ++i) x.data()[i] = v.data()[i] = 1.0f;
    if (bad >= 0) v.data()[elements + bad] = value;
    if (overflow) x.data()[5] = 3e38f;
    const int64_t offsets[] = {0, elements};
    const uint32_t row_class[] = {0, 0};
    const uint64_t seeds[] = {1, 2};
    const uint32_t words[] = {word_of_float(2.0f), word_of_float(coefficient)};
    unsigned long long status = kStatusClean;
    CombineArgs args{};
    args.rows = 2, args.elements = elements, args.row_offsets = offsets, args.row_class = row_class;
    args.seeds = seeds, args.words = words, args.stride = 2, args.entry = 9, args.pass = 3;
    args.term_count = 2, args.output_count = 1, args.status = &status;
    args.terms[0] = {x.data(), 0, -1}, args.terms[1] = {v.data(), 0, 4};
    args.outputs[0] = {x.data(), 0};
    lanes.combine(args);
    return status;
  };
  for (const LaneTable* lanes : available_lanes()) {
    const std::string name = lanes->name;
    for (const int64_t bad : {0, 31, 32, 63, 64, 75, 76}) {
      check(status_of(*lanes, bad, kNan, 1.0f, false) == pack_status(9, 3, 4, 1), name + ": NaN names its network");
      check(status_of(*lanes, bad, -kInfinity, 1.0f, false) == pack_status(9, 3, 4, 1), name + ": so does -inf");
      check(status_of(*lanes, bad, kNan, 0.0f, false) == kStatusClean, name + ": a zero coefficient hides NaN");
      check(status_of(*lanes, bad, kNan, 1.0f, true) == pack_status(9, 3, -1, 0), name + ": overflow sorts first");
    }
    check(status_of(*lanes, -1, 0.0f, 1.0f, true) == pack_status(9, 3, -1, 0), name + ": overflow names no network");
    check(status_of(*lanes, -1, 0.0f, 1.0f, false) == kStatusClean, name + ": finite stays clean");
  }
  const unsigned long long packed = pack_status(kStatusMaxEntries - 1, 255, 254, int64_t{1} << 40);
  check(status_entry(packed) == kStatusMaxEntries - 1 && status_evaluator(packed) == 254 &&
            status_row(packed) == kStatusLastRow && packed < kStatusClean,
        "status: the largest fields come back");
}

void test_lanes() {
  for (const LaneTable* lanes : available_lanes()) {
    std::vector<float> all(300), part(300);
    kScalarLanes.normals(5, 1, 2, 0, 300, all.data());
    for (const uint64_t first : {0, 1, 3, 30, 255}) {
      lanes->normals(5, 1, 2, first, 300 - first, part.data());
      check(same_bits(part.data(), all.data() + first, 300 - first), std::string(lanes->name) + ": normals by element");
    }
    // Known answer of Philox4x32-10 for counter and key of ones, from the paper's own test vectors.
    const uint32_t counter[4] = {~0u, ~0u, ~0u, ~0u}, key[2] = {~0u, ~0u};
    uint32_t out[4];
    lanes->philox(counter, key, out);
    check(out[0] == 0x408f276du && out[1] == 0x41c83b0eu && out[2] == 0xa20bc7c6u && out[3] == 0x6d5451fdu,
          std::string(lanes->name) + ": Philox known answer");
    const NormalRange range = lanes->normal_range(0xFFFFFF00u, 1001);
    const NormalRange scalar = kScalarLanes.normal_range(0xFFFFFF00u, 1001);
    check(range.bad == 0 && range.max_radius == scalar.max_radius && range.max_unit == scalar.max_unit &&
              range.max_radius < 6.8f && range.max_unit <= 1.0f,
          std::string(lanes->name) + ": Box-Muller's range");
  }
}

// ---- mixture ----

struct Mixture {
  int64_t rows, elements;
  int32_t components;
  std::vector<float> weights, means, deviations, times;
  Floats input;
};

Mixture make_mixture(int64_t rows, int64_t elements, int32_t components) {
  Numbers numbers;
  Mixture m{rows, elements, components, {}, {}, {}, {}, Floats(rows * elements)};
  for (int k = 0; k < components; ++k) {
    m.weights.push_back(k == 1 ? 0.0f : 1.0f / components);
    m.deviations.push_back(0.05f + 0.1f * k);
    for (int64_t e = 0; e < elements; ++e) m.means.push_back(numbers.next() * 0.3f);
  }
  const float times[] = {0.0f, 1.0f, 0.5f, 1e-3f, 0.999f, 0.1f};
  for (int64_t r = 0; r < rows; ++r) {
    m.times.push_back(times[r % 6]);
    // On the path of one component: where the velocity is asked for.
    const int64_t k = r % components;
    for (int64_t e = 0; e < elements; ++e) {
      const float clean = m.means[k * elements + e] + m.deviations[k] * numbers.next();
      m.input.data()[r * elements + e] = (1 - times[r % 6]) * clean + times[r % 6] * numbers.next();
    }
  }
  return m;
}

std::vector<float> run_mixture(Mixture& m, const LaneTable& lanes, int64_t first, int64_t rows) {
  Floats output(rows * m.elements), scratch(mixture_scratch_floats(rows, m.components));
  MixtureArgs args{};
  args.rows = rows, args.elements = m.elements, args.components = m.components;
  args.weights = m.weights.data(), args.means = m.means.data(), args.deviations = m.deviations.data();
  args.input = m.input.data() + first * m.elements, args.times = m.times.data() + first;
  args.output = output.data(), args.scratch = scratch.data();
  lanes.mixture(args);
  return {output.data(), output.data() + rows * m.elements};
}

std::vector<double> exact_velocity(Mixture& m, int64_t row) {
  const double t = m.times[row], a = 1 - t;
  const float* x = m.input.data() + row * m.elements;
  std::vector<double> logit(m.components), velocity(m.elements, 0.0);
  for (int k = 0; k < m.components; ++k) {
    const double deviation = m.deviations[k], variance = a * a * deviation * deviation + t * t;
    double distance = 0;
    for (int64_t e = 0; e < m.elements; ++e) distance += std::pow(x[e] - a * m.means[k * m.elements + e], 2);
    logit[k] =
        std::log(static_cast<double>(m.weights[k])) - distance / (2 * variance) - m.elements / 2.0 * std::log(variance);
  }
  const double largest = *std::max_element(logit.begin(), logit.end());
  double total = 0;
  for (double& l : logit) total += l = std::exp(l - largest);
  for (int k = 0; k < m.components; ++k) {
    const double deviation = m.deviations[k], variance = a * a * deviation * deviation + t * t;
    const double slope = (t - a * deviation * deviation) / variance;
    for (int64_t e = 0; e < m.elements; ++e) {
      const double mean = m.means[k * m.elements + e];
      velocity[e] += logit[k] / total * (slope * (x[e] - a * mean) - mean);
    }
  }
  return velocity;
}

void test_mixture() {
  double worst = 0;
  for (const int64_t elements : {1, 2, 3, 5, 31, 32, 33, 127, 784}) {
    Mixture m = make_mixture(12, elements, 5);
    const std::vector<float> scalar = run_mixture(m, kScalarLanes, 0, 12);
    for (const LaneTable* lanes : available_lanes()) {
      check(same_bits(run_mixture(m, *lanes, 0, 12).data(), scalar.data(), scalar.size()),
            std::string(lanes->name) + ": mixture has the bits of scalar");
      for (int64_t r = 0; r < 12; ++r) {
        check(same_bits(run_mixture(m, *lanes, r, 1).data(), scalar.data() + r * elements, elements),
              std::string(lanes->name) + ": a row of the mixture does not depend on its batch");
      }
    }
    for (int64_t r = 0; r < 12; ++r) {
      const std::vector<double> exact = exact_velocity(m, r);
      for (int64_t e = 0; e < elements; ++e) {
        const double error = std::abs(scalar[r * elements + e] - exact[e]) / (1 + std::abs(exact[e]));
        // Some ten roundings of responsibilities, differences and sums, each of half a unit; and where components mix,
        // a responsibility takes over the absolute error of a sum of that many squares.
        const double tolerance = (20 + static_cast<double>(elements) / 16) * 0x1p-24;
        worst = std::max(worst, std::isfinite(error) ? error : 1.0);
        check(error < tolerance, "mixture: error " + std::to_string(error) + " at " + std::to_string(elements) +
                                     " elements, t " + std::to_string(m.times[r]));
      }
    }
  }
  std::printf("mixture: largest error %.3g (%.2f units of rounding)\n", worst, worst * 0x1p24);
  Mixture bad = make_mixture(2, 33, 3);
  bad.input.data()[40] = kNan;
  const std::vector<float> out = run_mixture(bad, *available_lanes().back(), 0, 2);
  check(std::isfinite(out[0]) && std::isnan(out[33]), "mixture: NaN stays in its row");
}

// ---- step loop ----

Stage combine_stage(uint32_t first_word, std::vector<PlanTerm> terms, std::vector<PlanOutput> outputs) {
  return {true, {first_word, std::move(terms), std::move(outputs)}, {}};
}
Stage evaluate_stage(uint32_t input, uint32_t time, std::vector<EvaluateCall> calls) {
  return {false, {}, {input, time, std::move(calls)}};
}

// Three guided steps after a start made of noise: x' = x + c0 u + c1 v, with u from evaluator 0 and v from 1.
Plan small_plan() {
  Plan plan;
  plan.rows = 3, plan.elements = 37, plan.row_shape = {37}, plan.slots = 3, plan.classes = 2;
  plan.row_class = {0, 1, 0};
  plan.seeds = {11, 22, 33};
  plan.results = {0};
  plan.programs.push_back({2, 0, {combine_stage(1, {{-1, -1, 0}}, {{0, false}})}});
  plan.programs.push_back(
      {4,
       1,
       {evaluate_stage(0, 0, {{0, 1}, {1, 2}}), combine_stage(1, {{0, -1, 0}, {1, 0, 0}, {2, 1, 0}}, {{0, false}})}});
  plan.sequence = {0, 1, 1, 1};
  plan.steps = 3;
  for (const float scale : {1.0f, 0.5f}) plan.words.insert(plan.words.end(), {4, word_of_float(scale)});
  for (int step = 0; step < 3; ++step) {
    for (int c = 0; c < 2; ++c) {
      plan.words.insert(plan.words.end(), {0, word_of_float(1.0f), word_of_float(-0.25f - 0.1f * step),
                                           word_of_float(c == 0 ? 0.0f : 0.125f)});
    }
    plan.times.insert(plan.times.end(), {1.0f - 0.25f * step, 0.875f - 0.25f * step});
  }
  return plan;
}

std::unique_ptr<Backend> cpu(const LaneTable& lanes, const std::shared_ptr<MemoryCount>& count) {
  return make_cpu_backend(lanes, count);
}

std::shared_ptr<const GaussianMixture> net_for_plan() {
  Numbers numbers;
  std::vector<float> means(2 * 37);
  for (float& mean : means) mean = numbers.next();
  return make_gaussian_mixture({0.25f, 0.75f}, means, {0.5f, 0.25f});
}

struct Outcome {
  std::vector<float> result;
  bool found = false;
  NonFinite non_finite{};
  int foreign_calls = 0;
};

// Answers the foreign network with v = t - x, or with NaN in row `poisoned` of its second call.
Outcome run_small_plan(const Plan& plan, const LaneTable& lanes, const std::vector<float>* start, int64_t poisoned) {
  const auto count = std::make_shared<MemoryCount>();
  Outcome outcome;
  {
    std::vector<std::unique_ptr<Evaluator>> evaluators(2);
    evaluators[0] = bind_gaussian_mixture(net_for_plan());
    StepLoop loop(cpu(lanes, count), plan, std::move(evaluators));
    check(count->live_bytes == 0, "the constructor allocates nothing");
    if (start) loop.start_from({start->data()}, true);
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
      MixtureArgs args{
          1,        plan.elements, 2, net->weights.data(), net->means.data(), net->deviations.data(), x, &t,
          u.data(), scratch.data()};
      kScalarLanes.mixture(args);
      for (int64_t e = 0; e < plan.elements; ++e) {
        float sum = std::fma(-0.25f - 0.1f * step, u[e], x[e]);
        if (c == 1) sum = std::fma(0.125f, t - x[e], sum);
        x[e] = sum;
      }
    }
  }
  for (const LaneTable* lanes : available_lanes()) {
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

void test_interrupt() {
  std::vector<std::unique_ptr<Evaluator>> evaluators(2);
  evaluators[0] = bind_gaussian_mixture(net_for_plan());
  StepLoop loop(cpu(kScalarLanes, std::make_shared<MemoryCount>()), small_plan(), std::move(evaluators));
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
  refused("slots", [](Plan* p) { p->slots = 0; });
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
  refused("results[0]", [&](Plan* p) { p->results = {9}; });
  refused("results[1]", [&](Plan* p) { p->results = {0, 0}; });
}

void test_memory() {
  const auto count = std::make_shared<MemoryCount>();
  const auto backend = make_cpu_backend(kScalarLanes, count);
  {
    const BufferPtr a = backend->allocate(1000), nothing = backend->allocate(0);
    check(count->live_bytes == 1000 && nothing->bytes() == 0, "live bytes are what is held");
  }
  check(count->live_bytes == 0 && count->peak_bytes == 1000, "the peak stays");
  FailureCode code = FailureCode::kInternal;
  std::string message;
  try {
    backend->allocate(std::numeric_limits<size_t>::max() - 10);
  } catch (const Failure& failure) {
    code = failure.code;
    message = failure.what();
  }
  check(code == FailureCode::kOutOfMemory && message.find("18446744073709551605") != std::string::npos,
        "running out of memory names the bytes");
  check(count->live_bytes == 0, "what was not given is not counted");
}

void test_cuda_problems() {
  check(cuda_problem(0, 13000, 13000).empty(), "success is no problem");
  check(cuda_problem(35, 0, 13000).find("No NVIDIA driver") == 0, "35 without a driver");
  check(cuda_problem(35, 12040, 13000).find("supports CUDA 12.4") != std::string::npos, "35 with an old driver");
  check(cuda_problem(100, 13000, 13000).find("no GPU") != std::string::npos, "100: no device");
  for (const int code : {802, 803, 804}) {
    check(cuda_problem(code, 13000, 13000).find("do not match") != std::string::npos, "80x: mismatch");
  }
  check(cuda_problem(999, 13000, 13000).find("999") != std::string::npos, "others are named by number");
  const CudaState state = cuda_state();
  check(state.code == 0 || !state.message.empty(), "a CUDA that is not there says why");
}

}  // namespace

int main() {
  test_lanes();
  test_combine();
  test_unread_terms();
  test_status();
  test_mixture();
  test_step_loop();
  test_interrupt();
  test_check_plan();
  test_memory();
  test_cuda_problems();
  if (failures > 0) {
    std::printf("%d checks failed\n", failures);
    return 1;
  }
  std::printf("all engine tests passed\n");
  return 0;
}
