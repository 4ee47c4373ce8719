// Philox and Box-Muller on every lane, and the float64 functions.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../../cuda/elementary64.h"
#include "../../native/cpu/cpu_features.h"
#include "engine_test.h"

namespace ds {

#if defined(__x86_64__)
extern const LaneTable kSixteenInHalves;
#endif

std::vector<const LaneTable*> tested_lanes() {
  std::vector<const LaneTable*> lanes = available_lanes();
#if defined(__x86_64__)
  if (find_lanes("avx2")) lanes.push_back(&kSixteenInHalves);
#endif
  return lanes;
}

void test_lanes() {
  for (const LaneTable* lanes : tested_lanes()) {
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

void test_float64() {
  double worst_log = 0, worst_exp = 0;
  for (double x = -299.75; x < 300; x += 0.03125 + 1e-5) {
    const double power = exp64(x), exact = std::exp(x);
    worst_exp = std::max(worst_exp, std::abs(power - exact) / exact);
    worst_log = std::max(worst_log, std::abs(log64(exact) - std::log(exact)) / std::max(1.0, std::abs(x)));
  }
  // Two roundings of the series, and one each of the quotient and the product.
  check(worst_exp < 4 * 0x1p-53, "exp64 is exact to four half units: " + std::to_string(worst_exp * 0x1p53));
  check(worst_log < 4 * 0x1p-53, "log64 is exact to four half units: " + std::to_string(worst_log * 0x1p53));
  check(exp64(0.0) == 1.0 && exp64(1e9) == exp64(300.0) && exp64(-1e9) == exp64(-300.0), "exp64 is one at 0, and ends");
  check(std::isnan(exp64(std::numeric_limits<double>::quiet_NaN())), "exp64 of NaN is NaN");
}

}  // namespace ds
