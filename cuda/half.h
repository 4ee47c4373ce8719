// float16 and bfloat16, in the low 16 bits of a word: to a float, and from a float rounded to nearest, ties to even.
//
// By integer operations, or by the processor: the instructions of F16C and AVX-512 say how they round, NEON's follow
// the floating-point mode, which has to be the default. Either way there is one NaN.
#pragma once

#include "dtype.h"
#include "lanes.h"

namespace ds {
namespace {

constexpr uint32_t kFloatInfinity = 0x7F800000u, kFloatNan = 0x7FC00000u;
constexpr uint32_t kFloat16Infinity = 0x7C00u, kFloat16Nan = 0x7E00u;
constexpr uint32_t kBfloat16Infinity = 0x7F80u, kBfloat16Nan = 0x7FC0u;

template <class F>
DS_HD inline F one_nan(F x) {
  return select_lane(x != x, from_bits(broadcast_word<word_of<F>>(kFloatNan)), x);
}

template <class F>
DS_HD inline F widen_float16(word_of<F> half) {
  using U = word_of<F>;
  const U magnitude = half & 0x7FFFu;
  // A subnormal is a whole number of 2^-24; the conversion is exact, and zero has no exponent to lower.
  const U whole = bits(signed_to_float(magnitude));
  const U subnormal = select_lane(magnitude == 0u, whole, whole - (24u << 23));
  U wide = select_lane(magnitude < 0x400u, subnormal, (magnitude << 13) + (112u << 23));
  wide = select_lane(magnitude >= kFloat16Infinity, broadcast_word<U>(kFloatInfinity), wide) | (half & 0x8000u) << 16;
  return from_bits(select_lane(magnitude > kFloat16Infinity, broadcast_word<U>(kFloatNan), wide));
}

template <class F>
DS_HD inline F widen_bfloat16(word_of<F> half) {
  return one_nan(from_bits(half << 16));
}

// significand / 2^shift, rounded; `shift` is 1 or more.
template <class U>
DS_HD inline U round_shift(U significand, U shift) {
  const U below_half = (broadcast_word<U>(1) << (shift - 1u)) - 1u;
  return (significand + below_half + ((significand >> shift) & 1u)) >> shift;
}

template <class F>
DS_HD inline word_of<F> narrow_float16(F x) {
  using U = word_of<F>;
  if constexpr (Lane<F>::kFloat16) return to_float16<F>(one_nan(x));
  const U magnitude = bits(x) & 0x7FFFFFFFu;
  // Below 2^-14 the result counts 2^-24, of which 2^-25 and less are none.
  const auto small = magnitude < 113u << 23;
  const U exponent = magnitude >> 23;
  const U counted = 126u - select_lane(exponent < 101u, broadcast_word<U>(101u), exponent);
  const U significand = select_lane(small, (magnitude & 0x7FFFFFu) | 0x800000u, magnitude - (112u << 23));
  U half = round_shift(significand, select_lane(small, counted, broadcast_word<U>(13u)));
  half = select_lane(half > kFloat16Infinity, broadcast_word<U>(kFloat16Infinity), half) | (bits(x) >> 16 & 0x8000u);
  return select_lane(x != x, broadcast_word<U>(kFloat16Nan), half);
}

template <class F>
DS_HD inline word_of<F> narrow_bfloat16(F x) {
  using U = word_of<F>;
  const U word = bits(x);
  const U half = (word + 0x7FFFu + (word >> 16 & 1u)) >> 16;
  return select_lane(x != x, broadcast_word<U>(kBfloat16Nan), half);
}

// In all of these `dtype` is one of the two.
template <class F>
DS_HD inline F widen(Dtype dtype, word_of<F> half) {
  return dtype == Dtype::kFloat16 ? widen_float16<F>(half) : widen_bfloat16<F>(half);
}
template <class F>
DS_HD inline word_of<F> narrow(Dtype dtype, F x) {
  return dtype == Dtype::kFloat16 ? narrow_float16<F>(x) : narrow_bfloat16<F>(x);
}

// kLanes<F> consecutive halves at any address, as floats.
template <class F>
DS_HD inline F load_widened(Dtype dtype, const uint16_t* from) {
  if constexpr (Lane<F>::kFloat16) {
    if (dtype == Dtype::kFloat16) return one_nan(load_float16<F>(from));
    return widen_bfloat16<F>(load_halves<word_of<F>>(from));
  } else {
    return widen<F>(dtype, load_halves<word_of<F>>(from));
  }
}

// NaN where a half is not finite, and zero elsewhere.
template <class F>
DS_HD inline F half_mark(Dtype dtype, word_of<F> half) {
  using U = word_of<F>;
  const uint32_t infinity = dtype == Dtype::kFloat16 ? kFloat16Infinity : kBfloat16Infinity;
  return from_bits(select_lane((half & 0x7FFFu) >= infinity, broadcast_word<U>(kFloatNan), broadcast_word<U>(0u)));
}

}  // namespace
}  // namespace ds
