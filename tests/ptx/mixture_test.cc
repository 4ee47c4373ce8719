// The mixture's kernels on PTX give the CPU's bits, asked as the product asks: through the network.
#include <limits>
#include <random>

#include "../../cuda/network.h"
#include "../../native/nets/gaussian_mixture.h"
#include "ptx_test.h"

namespace ds::ptx {
namespace {

struct MixtureCase {
  uint64_t seed;
  MixtureKind kind;
  int64_t rows, elements;
  int components;
  bool labelled = false;
  std::vector<float> times;  // of the rows, one after the other and from the start again
  float bad_input = 0.0f;    // added to one element
  float deviation = 0.25f;   // of every third component; others differ
};

std::string describe(const MixtureCase& c) {
  return std::string("mixture: ") + (c.kind == MixtureKind::kSit ? "SiT" : "EDM") + ", seed " + std::to_string(c.seed) +
         ", " + std::to_string(c.rows) + " x " + std::to_string(c.elements) + ", " + std::to_string(c.components) +
         " components" + (c.labelled ? ", labelled" : "");
}

std::function<Outcome(Backend&)> mixture_work(const MixtureCase& c) {
  std::mt19937_64 random(c.seed);
  const auto number = [&] { return static_cast<float>(static_cast<int32_t>(random() >> 40) - (1 << 23)) * 0x1p-22f; };
  GaussianMixture mixture{c.kind, 0.5, {}, {}, {}, {}};
  for (int k = 0; k < c.components; ++k) {
    mixture.weights.push_back(k % 4 == 3 ? 0.0f : 0.5f + 0.1f * static_cast<float>(k % 5));
    mixture.deviations.push_back(k % 3 == 0 ? c.deviation : 0.05f + 0.3f * static_cast<float>(random() % 5));
    mixture.classes.push_back(k % 3);
    for (int64_t e = 0; e < c.elements; ++e) mixture.means.push_back(number());
  }
  std::vector<float> input, times;
  for (int64_t row = 0; row < c.rows; ++row) times.push_back(c.times[static_cast<size_t>(row) % c.times.size()]);
  for (int64_t e = 0; e < c.rows * c.elements; ++e) input.push_back(number());
  if (!input.empty()) input[random() % input.size()] += c.bad_input;
  std::vector<int32_t> labels;
  for (int64_t row = 0; row < c.rows; ++row) {
    labels.push_back(static_cast<int32_t>(random() % std::min(4, c.components + 1)) - 1);
  }
  const MixturePtr made = make_gaussian_mixture(std::move(mixture));
  return [c, made, input, times, labels](Backend& backend) {
    const auto network = c.labelled ? bind_gaussian_mixture(made, labels) : bind_gaussian_mixture(made);
    const size_t bytes = input.size() * sizeof(float);
    // Half of the cases are a replayed step, whose times lie further on.
    const bool replayed = c.seed % 2 == 1;
    const StepCursor place{0, replayed ? 5u : 0u, 0, 0};
    std::vector<float> all_times(place.times, -1.0f);
    all_times.insert(all_times.end(), times.begin(), times.end());
    const BufferPtr x = backend.allocate(bytes), t = backend.allocate(all_times.size() * sizeof(float));
    const BufferPtr cursor = backend.allocate(sizeof place);
    backend.upload(cursor->data(), &place, sizeof place);
    const BufferPtr output = backend.allocate(bytes);
    backend.upload(x->data(), input.data(), bytes);
    backend.upload(t->data(), all_times.data(), all_times.size() * sizeof(float));
    NetworkCall call{};
    call.backend = &backend;
    call.rows = c.rows, call.elements = c.elements;
    call.input = static_cast<const float*>(x->data());
    call.times = static_cast<const float*>(t->data()), call.host_times = times.data();
    if (replayed) call.cursor = static_cast<const StepCursor*>(cursor->data());
    call.output = static_cast<float*>(output->data());
    network->evaluate(call);
    backend.finish();
    Outcome outcome;
    outcome.floats.emplace_back(input.size());
    backend.download(outcome.floats.back().data(), output->data(), bytes);
    return outcome;
  };
}

void compare(PtxDevice* device, const MixtureCase& c) {
  const auto work = mixture_work(c);
  const std::string differs = difference(on_cpu(work), on_ptx(device, work));
  check(differs.empty(), device->name() + ", " + describe(c) + ": " + differs);
}

}  // namespace

void test_mixture(PtxDevice* device) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  uint64_t seed = 1000;
  for (const MixtureKind kind : {MixtureKind::kSit, MixtureKind::kEdm}) {
    // EDM's times are ln(sigma) / 4: from 1e-3 to 80, and beyond where exp64 stops.
    const std::vector<float> times = kind == MixtureKind::kSit
                                         ? std::vector<float>{0.0f, 1.0f, 0.5f, -0.0f, 1e-6f, 0.999f}
                                         : std::vector<float>{0.0f, -1.7f, 1.1f, -0.4f, 90.0f, -90.0f};
    for (const bool labelled : {false, true}) {
      for (const int64_t elements : {1, 2, 3, 4, 15, 16, 17, 31, 32, 33, 100, 127, 128, 129}) {
        for (const int components : {1, 2, 3, 4, 5, 9}) {
          compare(device, {seed++, kind, 3, elements, components, labelled, times});
        }
      }
      for (const int64_t elements : {4095, 4096, 4097}) {
        compare(device, {seed++, kind, 2, elements, 5, labelled, times});
      }
      compare(device, {seed++, kind, 600, 5, 3, labelled, times});
      compare(device, {seed++, kind, 0, 5, 3, labelled, times});
      for (const Extent most : {Extent{1, 1}, Extent{2, 2}}) {
        device->most_blocks = most;
        compare(device, {seed++, kind, 20, 1500, 20, labelled, times});
        compare(device, {seed++, kind, 300, 70, 11, labelled, times});
        compare(device, {seed++, kind, 3000, 3, 2, labelled, times});
      }
      device->most_blocks = PtxDevice::kLargestGrid;
      for (const float bad : {infinity, -infinity, nan, 1e30f}) {
        compare(device, {seed++, kind, 4, 37, 5, labelled, times, bad});
        compare(device, {seed++, kind, 4, 37, 5, labelled, {bad}});
        compare(device, {seed++, kind, 4, 37, 5, labelled, times, 0.0f, bad});
      }
    }
  }
}

}  // namespace ds::ptx
