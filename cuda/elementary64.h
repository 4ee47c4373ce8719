// log, exp and square root in float64 from IEEE operations alone: for numbers that are made once per row.
#pragma once

#include <string.h>

#include <cstdint>

#include "lanes.h"

namespace ds {
namespace {

DS_HD inline uint64_t bits64(double x) {
  uint64_t word;
  memcpy(&word, &x, sizeof word);
  return word;
}

DS_HD inline double from_bits64(uint64_t word) {
  double x;
  memcpy(&x, &word, sizeof x);
  return x;
}

DS_HD inline double sqrt64(double x) {
#ifdef __CUDA_ARCH__
  return __dsqrt_rn(x);
#else
  return __builtin_sqrt(x);
#endif
}

// Natural logarithm of a positive normal double, to about 1e-16.
DS_HD inline double log64(double x) {
  constexpr uint64_t kSqrtHalf = 0x3FE6A09E667F3BCDull;
  const uint64_t above = bits64(x) - kSqrtHalf;
  const double exponent = static_cast<double>(static_cast<int64_t>(above) >> 52);
  const double m = from_bits64((above & 0x000FFFFFFFFFFFFFull) + kSqrtHalf);
  const double s = (m - 1.0) / (m + 1.0), z = s * s;
  double series = 1.0 / 23.0;
  for (int n = 21; n >= 1; n -= 2) series = series * z + 1.0 / n;
  return exponent * 0x1.62e42fefa39efp-1 + 2.0 * s * series;
}

// exp(x) to about 3e-16 of itself; beyond -300 and 300 as there, so that squares and their inverses stay normal.
DS_HD inline double exp64(double x) {
  constexpr double kRound = 0x1.8p52;
  if (x > 300.0) x = 300.0;
  if (x < -300.0) x = -300.0;
  // x = n ln 2 + r; the sum holds the integer n in its low bits, and n times the first half of ln 2 is exact.
  const double shifted = x * 0x1.71547652b82fep0 + kRound;
  const double n = shifted - kRound;
  const double r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
  double series = 1.0;
  for (int i = 13; i >= 1; --i) series = series * r * (1.0 / i) + 1.0;
  return series * from_bits64((bits64(shifted) << 52) + 0x3FF0000000000000ull);
}

}  // namespace
}  // namespace ds
