// Samples and quartiles.
#include "sampling.h"

#include <algorithm>
#include <cmath>

namespace ds {

double take_sample(Sampled* sampled, double least_seconds) {
  constexpr uint64_t kMostRepeats = 1u << 22;
  if (sampled->repeats == 0) {
    // Also warms caches, and memory that is touched for the first time. Twice, as one may have been held up.
    const auto try_out = [&](uint64_t repeats) {
      const double first = sampled->measurement->run(repeats);
      return std::min(first, sampled->measurement->run(repeats));
    };
    uint64_t repeats = 1;
    double seconds = try_out(repeats);
    while (seconds < least_seconds / 4 && repeats < kMostRepeats) {
      repeats *= 4;
      seconds = try_out(repeats);
    }
    const double wanted = std::ceil(static_cast<double>(repeats) * least_seconds / seconds);
    sampled->repeats = static_cast<uint64_t>(std::clamp(wanted, 1.0, static_cast<double>(kMostRepeats)));
  }
  return sampled->measurement->run(sampled->repeats) / static_cast<double>(sampled->repeats);
}

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double part) {
    const double place = part * static_cast<double>(values.size() - 1);
    const auto below = static_cast<size_t>(place);
    const size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {at(0.25), at(0.5), at(0.75)};
}

}  // namespace ds
