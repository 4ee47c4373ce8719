// float16 and bfloat16 from their definition, in float64: what the conversions of cuda/half.h are held against.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "../../cuda/dtype.h"

namespace ds {

struct HalfFormat {
  int fraction_bits, bias;
  uint16_t infinity, nan;
};

inline HalfFormat half_format(Dtype dtype) {
  return dtype == Dtype::kFloat16 ? HalfFormat{10, 15, 0x7C00, 0x7E00} : HalfFormat{7, 127, 0x7F80, 0x7FC0};
}

// The number that a half stands for.
inline double half_value(Dtype dtype, uint16_t half) {
  const HalfFormat format = half_format(dtype);
  const int magnitude = half & 0x7FFF, exponent = magnitude >> format.fraction_bits;
  const int one = 1 << format.fraction_bits, fraction = magnitude & (one - 1);
  if (magnitude > format.infinity) return std::numeric_limits<double>::quiet_NaN();
  double value = std::numeric_limits<double>::infinity();
  if (magnitude < format.infinity) {
    // Subnormals have the exponent of the smallest normals, and no leading one.
    const int scale = std::max(exponent, 1) - format.bias - format.fraction_bits;
    value = std::ldexp(exponent == 0 ? fraction : one + fraction, scale);
  }
  return half & 0x8000 ? -value : value;
}

// The nearest half, the even one of two that are equally near.
inline uint16_t nearest_half(Dtype dtype, float x) {
  const HalfFormat format = half_format(dtype);
  if (std::isnan(x)) return format.nan;
  const uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  if (x == 0 || std::isinf(x)) return x == 0 ? sign : sign | format.infinity;
  const double magnitude = std::fabs(static_cast<double>(x));
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // magnitude < 2^exponent
  const int field = std::max(exponent - 1 + format.bias, 1);
  const int quantum = field - format.bias - format.fraction_bits;
  const auto count = static_cast<int>(std::nearbyint(std::ldexp(magnitude, -quantum)));
  // The leading one of `count` adds to the field below it, and so does the carry of rounding up.
  const int pattern = ((field - 1) << format.fraction_bits) + count;
  return sign | static_cast<uint16_t>(std::min<int>(pattern, format.infinity));
}

}  // namespace ds
