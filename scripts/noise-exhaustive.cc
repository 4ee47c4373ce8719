// How accurate the noise is over everything that can occur: all 2^32 words through log, radius, cosine and sine.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "normal.h"

namespace {

using ds::from_bits;

constexpr int kHalf = 1 << 16;
constexpr long double kTau = 6.283185307179586476925286766559L;

struct Worst {
  double error = 0;
  uint32_t at = 0;

  void add(double other, uint32_t where) {
    if (!(other <= error)) *this = {other, where};
  }
};

// The distance in units of the last place that a float of the exact value's size has.
double ulps(float value, long double exact) {
  return exact == 0 ? std::fabs(value)
                    : std::fabs(static_cast<double>(std::ldexp(value - exact, 23 - std::ilogb(exact))));
}

float uniform(uint32_t word) {
  return std::fmaf(static_cast<float>(word >> 16), 0x1p-16f,
                   std::fmaf(static_cast<float>(word & 0xFFFFu), 0x1p-32f, 0x1p-33f));
}

void check_radius() {
  Worst log_ulps, radius_ulps, uniform_halves;
  uint64_t distinct = 0;
  float before = 0;
  for (uint64_t w = 0; w >> 32 == 0; ++w) {
    const uint32_t word = static_cast<uint32_t>(w);
    const float u = uniform(word);
    // In double the sum is exact, so this conversion is the one rounding that the page promises.
    uniform_halves.add(u != static_cast<float>((word + 0.5) * 0x1p-32), word);
    if (u == before) continue;  // u grows with the word
    before = u;
    ++distinct;
    const long double exact = std::log(static_cast<long double>(u));
    log_ulps.add(ulps(ds::log_lane(u), exact), word);
    radius_ulps.add(ulps(ds::normal_radius<float>(word), std::sqrt(-2 * exact)), word);
  }
  std::printf("u: %llu distinct values, %s\n", static_cast<unsigned long long>(distinct),
              uniform_halves.error == 0 ? "each (word + 1/2) / 2^32 rounded once" : "NOT rounded once");
  std::printf("log u: at most %.4f ulp, at word 0x%08X\n", log_ulps.error, static_cast<unsigned>(log_ulps.at));
  std::printf("radius: at most %.4f ulp, at word 0x%08X\n", radius_ulps.error, static_cast<unsigned>(radius_ulps.at));
}

// The reference for high * 2^16 + low by the addition theorem in double, good to 4e-16.
void check_angle() {
  struct Point {
    double cosine, sine;
  };
  const auto exact = [](uint32_t word) -> Point {
    const long double angle = word * (kTau / 4294967296.0L);
    return {static_cast<double>(std::cos(angle)), static_cast<double>(std::sin(angle))};
  };
  std::vector<double> low_cosine(kHalf), low_sine(kHalf), error(kHalf);
  for (int i = 0; i < kHalf; ++i) {
    const Point p = exact(static_cast<uint32_t>(i));
    low_cosine[i] = p.cosine;
    low_sine[i] = p.sine;
  }
  Worst cosine_error, sine_error, reference_error;
  for (uint32_t high = 0; high < kHalf; ++high) {
    const Point p = exact(high << 16);
    double most_cosine = 0, most_sine = 0;
    uint32_t at_cosine = 0, at_sine = 0;
    for (uint32_t low = 0; low < kHalf; ++low) {
      float cosine, sine;
      ds::cos_sin_turn<float>(high << 16 | low, &cosine, &sine);
      const double off_cosine = std::fabs(cosine - (p.cosine * low_cosine[low] - p.sine * low_sine[low]));
      const double off_sine = std::fabs(sine - (p.sine * low_cosine[low] + p.cosine * low_sine[low]));
      at_cosine = off_cosine > most_cosine ? low : at_cosine;
      most_cosine = off_cosine > most_cosine ? off_cosine : most_cosine;
      at_sine = off_sine > most_sine ? low : at_sine;
      most_sine = off_sine > most_sine ? off_sine : most_sine;
    }
    cosine_error.add(most_cosine, high << 16 | at_cosine);
    sine_error.add(most_sine, high << 16 | at_sine);
    const uint32_t probe = high * 0x9E3779B1u;
    const Point q = exact(probe), a = exact(probe & 0xFFFF0000u);
    const double b = low_cosine[probe & 0xFFFFu], c = low_sine[probe & 0xFFFFu];
    reference_error.add(std::fabs(a.cosine * b - a.sine * c - q.cosine), probe);
    reference_error.add(std::fabs(a.sine * b + a.cosine * c - q.sine), probe);
  }
  std::printf("cosine: at most %.4e off, at word 0x%08X\n", cosine_error.error, static_cast<unsigned>(cosine_error.at));
  std::printf("sine: at most %.4e off, at word 0x%08X\n", sine_error.error, static_cast<unsigned>(sine_error.at));
  std::printf("the reference for both: at most %.1e off at 65536 words\n", reference_error.error);
}

}  // namespace

int main() {
  check_radius();
  check_angle();
}
