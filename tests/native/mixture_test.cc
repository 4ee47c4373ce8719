// The Gaussian mixture: both kinds against float64, on every lane, and its classes.
#include "../../cuda/mixture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../../cuda/failure.h"
#include "../../cuda/mixture_formula.h"
#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "../../native/executor.h"
#include "../../native/nets/gaussian_mixture.h"
#include "engine_test.h"

namespace ds {
namespace {

constexpr double kSigmaData = 0.5;

struct Case {
  GaussianMixture mixture;
  int64_t rows, elements;
  std::vector<float> times;
  Floats input;
  size_t components() const { return mixture.weights.size(); }
};

// Inputs on the path of one component: where the network is asked.
Case make_case(MixtureKind kind, int64_t rows, int64_t elements, const std::vector<float>& deviations,
               const std::vector<float>& times) {
  Numbers numbers;
  const auto components = static_cast<int64_t>(deviations.size());
  Case c{{kind, kSigmaData, {}, {}, deviations, {}}, rows, elements, {}, Floats(rows * elements)};
  for (int64_t k = 0; k < components; ++k) {
    c.mixture.weights.push_back(k == 1 ? 0.0f : 1.0f / components);
    for (int64_t e = 0; e < elements; ++e) c.mixture.means.push_back(numbers.next() * 0.3f);
  }
  for (int64_t r = 0; r < rows; ++r) {
    const float time = times[r % times.size()];
    c.times.push_back(time);
    const int64_t k = r / static_cast<int64_t>(times.size()) % components;
    const double sigma = std::exp(4.0 * time), norm = std::sqrt(sigma * sigma + kSigmaData * kSigmaData);
    for (int64_t e = 0; e < elements; ++e) {
      const float clean = c.mixture.means[k * elements + e] + deviations[k] * numbers.next(), noise = numbers.next();
      c.input.data()[r * elements + e] = kind == MixtureKind::kSit ? (1 - time) * clean + time * noise
                                                                   : static_cast<float>((clean + sigma * noise) / norm);
    }
  }
  return c;
}

// The kernels' walk, on the host: thread by thread, in tiles of four floats.
void kernel_walk(const MixtureArgs& args, int64_t first_row, int64_t rows) {
  for (int64_t row = first_row; row < first_row + rows; ++row) {
    mixture_write_center(args, row);
    for (int64_t c = 0; c < args.components * kMixturePartials; ++c) {
      const int64_t component = c / kMixturePartials;
      if (mixture_counts(args, row, component)) mixture_partial(args, row, component, c % kMixturePartials, 0, 0.0f);
    }
    mixture_weights(args, row);
    for (int64_t e = 0; e < args.elements; e += 4) {
      const FloatTile tile{(args.elements & 3) == 0, static_cast<int>(std::min<int64_t>(4, args.elements - e))};
      mixture_output_tile<float>(args, row, e, tile);
    }
  }
}
const LaneTable kKernelWalk{"kernel walk", nullptr, kernel_walk, nullptr, nullptr, nullptr, nullptr, nullptr};

std::vector<const LaneTable*> all_walks() {
  std::vector<const LaneTable*> walks = tested_lanes();
  walks.push_back(&kKernelWalk);
  return walks;
}

std::vector<float> run_case(Case& c, const LaneTable& lanes, int64_t first, int64_t rows,
                            const std::vector<int32_t>* labels = nullptr) {
  Floats output(rows * c.elements), scratch(mixture_scratch_floats(rows, c.components()));
  MixtureArgs args{};
  args.kind = c.mixture.kind, args.sigma_data = c.mixture.sigma_data;
  args.rows = rows, args.elements = c.elements, args.components = static_cast<int32_t>(c.components());
  args.weights = c.mixture.weights.data(), args.means = c.mixture.means.data();
  args.deviations = c.mixture.deviations.data(), args.classes = c.mixture.classes.data();
  args.labels = labels ? labels->data() + first : nullptr;
  args.input = c.input.data() + first * c.elements, args.times = c.times.data() + first;
  args.output = output.data(), args.scratch = scratch.data();
  // What is not written first must not be read.
  std::fill(scratch.data(), scratch.data() + scratch.count(), kNan);
  lanes.mixture(args, 0, rows);
  return {output.data(), output.data() + rows * c.elements};
}

using Real = long double;

// E[x0 | x] of data seen as x = a x0 + s n, by Bayes' rule, component by component.
std::vector<Real> posterior_mean(const Case& c, const std::vector<Real>& x, Real a, Real s) {
  const GaussianMixture& m = c.mixture;
  std::vector<Real> logit(c.components()), mean(c.elements, 0.0L);
  for (size_t k = 0; k < c.components(); ++k) {
    const Real deviation = m.deviations[k], variance = a * a * deviation * deviation + s * s;
    Real distance = 0;
    for (int64_t e = 0; e < c.elements; ++e) distance += std::pow(x[e] - a * m.means[k * c.elements + e], 2.0L);
    logit[k] = std::log(static_cast<Real>(m.weights[k])) - distance / (2 * variance) -
               static_cast<Real>(c.elements) / 2 * std::log(variance);
  }
  const Real largest = *std::max_element(logit.begin(), logit.end());
  Real total = 0;
  for (Real& l : logit) total += l = std::exp(l - largest);
  for (size_t k = 0; k < c.components(); ++k) {
    const Real deviation = m.deviations[k], variance = a * a * deviation * deviation + s * s;
    for (int64_t e = 0; e < c.elements; ++e) {
      const Real mu = m.means[k * c.elements + e];
      mean[e] += logit[k] / total * (mu + a * deviation * deviation / variance * (x[e] - a * mu));
    }
  }
  return mean;
}

// By the definitions of v and F, not by the kernel's rearrangement; 64 bits of mantissa pay for what that cancels.
std::vector<Real> exact(Case& c, int64_t row) {
  const Real time = c.times[row];
  const float* y = c.input.data() + row * c.elements;
  std::vector<Real> x(y, y + c.elements), answer(c.elements);
  if (c.mixture.kind == MixtureKind::kSit) {
    // v = n - x0, and n = (x - (1 - t) x0) / t; at t = 0 the mean of n is zero.
    const std::vector<Real> clean = posterior_mean(c, x, 1 - time, time);
    for (int64_t e = 0; e < c.elements; ++e) {
      answer[e] = (time == 0 ? 0 : (x[e] - (1 - time) * clean[e]) / time) - clean[e];
    }
    return answer;
  }
  const Real sd = kSigmaData, sigma = std::exp(4 * time), norm = std::sqrt(sigma * sigma + sd * sd);
  for (Real& value : x) value *= norm;
  const std::vector<Real> clean = posterior_mean(c, x, 1, sigma);
  const Real skip = sd * sd / (norm * norm), out = sigma * sd / norm;
  for (int64_t e = 0; e < c.elements; ++e) answer[e] = (clean[e] - skip * x[e]) / out;
  return answer;
}

void equals_exact(const std::string& name, MixtureKind kind, const std::vector<float>& deviations,
                  const std::vector<float>& times) {
  double worst = 0;
  const auto rows = static_cast<int64_t>(times.size() * deviations.size());
  for (const int64_t elements : {1, 2, 3, 5, 31, 32, 33, 127, 784}) {
    Case c = make_case(kind, rows, elements, deviations, times);
    const std::vector<float> scalar = run_case(c, kScalarLanes, 0, rows);
    for (const LaneTable* lanes : all_walks()) {
      check(same_bits(run_case(c, *lanes, 0, rows).data(), scalar.data(), scalar.size()),
            std::string(lanes->name) + ": " + name + " has the bits of scalar");
      for (int64_t r = 0; r < rows; ++r) {
        check(same_bits(run_case(c, *lanes, r, 1).data(), scalar.data() + r * elements, elements),
              std::string(lanes->name) + ": a row of the " + name + " does not depend on its batch");
      }
    }
    // Some ten roundings of responsibilities, differences and sums, each of half a unit; and where components mix, a
    // responsibility takes over the absolute error of a sum of that many squares. With much EDM noise all mix, and the
    // squares are of size one whatever the components are.
    const double share = kind == MixtureKind::kSit ? 1.0 / 8 : 1.0 / 2;
    const double tolerance = (20 + share * static_cast<double>(elements)) * 0x1p-24;
    for (int64_t r = 0; r < rows; ++r) {
      const std::vector<Real> answer = exact(c, r);
      for (int64_t e = 0; e < elements; ++e) {
        const auto error =
            static_cast<double>(std::abs(scalar[r * elements + e] - answer[e]) / (1 + std::abs(answer[e])));
        worst = std::max(worst, std::isfinite(error) ? error / tolerance : 1e9);
        check(error < tolerance, name + ": error " + std::to_string(error * 0x1p24) + " units at " +
                                     std::to_string(elements) + " elements, time " + std::to_string(c.times[r]));
      }
    }
  }
  std::printf("%s: largest error %.2f of its tolerance\n", name.c_str(), worst);
}

std::vector<float> edm_times(const std::vector<double>& sigmas) {
  std::vector<float> times;
  for (const double sigma : sigmas) times.push_back(static_cast<float>(std::log(sigma) / 4));
  return times;
}

FailureCode code_of(const std::function<void()>& act, const std::string& part) {
  try {
    act();
  } catch (const Failure& failure) {
    check(std::string(failure.what()).find(part) != std::string::npos, "expected '" + part + "' in: " + failure.what());
    return failure.code;
  }
  return FailureCode::kInternal;
}

std::vector<float> evaluate(Evaluator& evaluator, Case& c, int64_t rows, std::shared_ptr<Crew> crew = nullptr) {
  const auto backend = make_cpu_backend(*available_lanes().back(), std::make_shared<HostMemory>(), std::move(crew));
  Floats output(rows * c.elements);
  NetworkCall call{};
  call.backend = backend.get(), call.rows = rows, call.elements = c.elements;
  call.input = c.input.data(), call.times = call.host_times = c.times.data(), call.output = output.data();
  evaluator.evaluate(call);
  return {output.data(), output.data() + rows * c.elements};
}

}  // namespace

void test_sit_mixture() {
  equals_exact("sit mixture", MixtureKind::kSit, {0.05f, 0.15f, 0.25f, 0.35f, 0.45f},
               {0.0f, 1.0f, 0.5f, 1e-3f, 0.999f, 0.1f});
  Case bad = make_case(MixtureKind::kSit, 2, 33, {0.05f, 0.15f, 0.25f}, {0.0f, 1.0f});
  bad.input.data()[40] = kNan;
  const std::vector<float> out = run_case(bad, *available_lanes().back(), 0, 2);
  check(std::isfinite(out[0]) && std::isnan(out[33]), "mixture: NaN stays in its row");
}

void test_edm_mixture() {
  const std::vector<float> times = edm_times({1e-4, 1e-3, 0.02, 0.3, 0.5, 1.7, 20.0, 80.0, 1e3});
  equals_exact("edm mixture", MixtureKind::kEdm, {0.05f, 0.15f, 0.5f, 0.35f, 0.9f}, times);
  // Components as narrow as the noise: D and x then agree in nearly all their digits.
  equals_exact("edm mixture, narrow", MixtureKind::kEdm, {1e-3f, 0.1f, 1e-4f}, times);
  Case beyond = make_case(MixtureKind::kEdm, 3, 5, {0.2f, 0.1f}, edm_times({1.0}));
  beyond.times = {kNan, -kInfinity, 1e30f};
  const std::vector<float> out = run_case(beyond, *available_lanes().back(), 0, 3);
  check(std::isnan(out[0]) && std::isfinite(out[5]) && std::isfinite(out[10]),
        "edm mixture: times beyond all noise stay finite, NaN stays NaN");
}

void test_mixture_classes() {
  for (const MixtureKind kind : {MixtureKind::kSit, MixtureKind::kEdm}) {
    const int64_t rows = 4, elements = 37;
    Case c = make_case(kind, rows, elements, {0.3f, 0.2f, 0.25f, 0.35f, 0.45f}, {0.1f, 0.4f});
    c.mixture.weights = {0.5f, 2.0f, 0.25f, 0.125f, 3.0f};
    c.mixture.classes = {0, 7, 0, 1, 7};
    const std::vector<int32_t> labels{7, 0, -1, 1};
    // Class by class the same as a mixture of these components alone.
    const auto only = [&](int32_t label) {
      Case part{{kind, kSigmaData, {}, {}, {}, {}}, rows, elements, c.times, c.input};
      for (size_t k = 0; k < c.components(); ++k) {
        if (label >= 0 && c.mixture.classes[k] != label) continue;
        part.mixture.weights.push_back(c.mixture.weights[k]);
        part.mixture.deviations.push_back(c.mixture.deviations[k]);
        const auto mean = c.mixture.means.begin() + static_cast<int64_t>(k) * elements;
        part.mixture.means.insert(part.mixture.means.end(), mean, mean + elements);
      }
      return run_case(part, kScalarLanes, 0, rows);
    };
    for (const LaneTable* lanes : all_walks()) {
      const std::vector<float> out = run_case(c, *lanes, 0, rows, &labels);
      for (int64_t r = 0; r < rows; ++r) {
        check(same_bits(out.data() + r * elements, only(labels[r]).data() + r * elements, elements),
              std::string(lanes->name) + ": row " + std::to_string(r) + " sees its class alone");
      }
    }
    const MixturePtr mixture = make_gaussian_mixture(c.mixture);
    const std::vector<float> bound = evaluate(*bind_gaussian_mixture(mixture, labels), c, rows);
    check(same_bits(bound.data(), run_case(c, kScalarLanes, 0, rows, &labels).data(), bound.size()),
          "bound labels reach the formula");
    check(same_bits(evaluate(*bind_gaussian_mixture(mixture), c, rows).data(), only(-1).data(), bound.size()),
          "without labels every row sees all components");
    for (int64_t e = 0; e < elements; ++e) c.mixture.means[elements + e] = kNan;
    const std::vector<float> out = run_case(c, kScalarLanes, 0, rows, &labels);
    check(std::isnan(out[0]) && same_bits(out.data() + elements, bound.data() + elements, elements),
          "what a row does not see cannot harm it");
  }
}

void test_shared_mixture() {
  struct Shape {
    int64_t rows, elements;
  };
  for (const MixtureKind kind : {MixtureKind::kSit, MixtureKind::kEdm}) {
    // Many rows to a part, one row to a part, and more rows than parts.
    for (const Shape& shape : {Shape{2003, 5}, Shape{3, 65'537}, Shape{150, 999}}) {
      Case c = make_case(kind, shape.rows, shape.elements, {0.3f, 0.2f, 0.25f, 0.35f, 0.45f}, {0.1f, 0.4f, 0.9f});
      c.mixture.classes = {0, 7, 0, 1, 7};
      std::vector<int32_t> labels;
      for (int64_t r = 0; r < shape.rows; ++r) labels.push_back(r % 3 == 0 ? -1 : static_cast<int32_t>(r % 2));
      const std::vector<float> alone = run_case(c, *available_lanes().back(), 0, shape.rows, &labels);
      const MixturePtr mixture = make_gaussian_mixture(c.mixture);
      for (const int threads : {1, 2, 3, 8}) {
        Executor executor(threads);
        const auto bound = bind_gaussian_mixture(mixture, labels);
        check(same_bits(evaluate(*bound, c, shape.rows, executor.crew()).data(), alone.data(), alone.size()),
              std::to_string(threads) + " threads: a shared mixture has the bits of one thread");
      }
    }
  }
}

void test_mixture_refusals() {
  const GaussianMixture good{MixtureKind::kEdm,  0.5,      {1.0f, 1.0f, 0.0f}, {0.0f, 1.0f, 2.0f},
                             {1.0f, 1.0f, 1.0f}, {0, 3, 5}};
  const auto made = [&](const std::string& part, const std::function<void(GaussianMixture*)>& spoil) {
    GaussianMixture mixture = good;
    spoil(&mixture);
    check(code_of([&] { make_gaussian_mixture(mixture); }, part) == FailureCode::kModel,
          "a mixture is refused: " + part);
  };
  made("0 weights", [](GaussianMixture* m) { m->weights.clear(); });
  made("2 deviations", [](GaussianMixture* m) { m->deviations.pop_back(); });
  made("4 numbers", [](GaussianMixture* m) { m->means.push_back(0); });
  made("class for each", [](GaussianMixture* m) { m->classes.pop_back(); });
  made("component 1", [](GaussianMixture* m) { m->classes[1] = -1; });
  made("sigmaData", [](GaussianMixture* m) { m->sigma_data = 0; });
  made("sigmaData", [](GaussianMixture* m) { m->sigma_data = kNan; });
  made("sigmaData", [](GaussianMixture* m) { m->sigma_data = kInfinity; });
  const auto bound = [&](const std::string& part, const GaussianMixture& mixture, const std::vector<int32_t>& labels) {
    const MixturePtr shared = make_gaussian_mixture(mixture);
    check(code_of([&] { bind_gaussian_mixture(shared, labels); }, part) == FailureCode::kModel,
          "labels are refused: " + part);
  };
  bound("row 2 has the label 1", good, {0, 3, 1});
  bound("row 0 has the label -2", good, {-2});
  bound("row 1 has the label 5", good, {-1, 5});
  GaussianMixture plain = good;
  plain.classes.clear();
  bound("no classes", plain, {0});
  Case c = make_case(MixtureKind::kEdm, 2, 1, {1.0f, 1.0f}, {0.0f});
  const auto labelled = bind_gaussian_mixture(make_gaussian_mixture(good), {0, 3, 3});
  check(code_of([&] { evaluate(*labelled, c, 2); }, "3 rows") == FailureCode::kModel, "labels of another batch");
}

}  // namespace ds
