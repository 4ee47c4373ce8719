// log, exp, sine and cosine from IEEE operations and fma alone, so that every lane and device has the same bits.
//
// Coefficients are minimax fits, rounded to float32 one after the other from the lowest power up.
#pragma once

#include <cstdint>

#include "lanes.h"

namespace ds {
namespace {

// Natural logarithm of a positive normal float.
template <class F>
DS_HD inline F log_lane(F x) {
  using U = word_of<F>;
  constexpr uint32_t kSqrtHalf = 0x3F3504F3u;
  // x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
  const U above = bits(x) - kSqrtHalf;
  const F e = signed_to_float(shift_right_signed(above, 23));
  const F f = from_bits((above & 0x007FFFFFu) + kSqrtHalf) - 1.0f;
  // Even and odd powers apart: two short chains of fma instead of a long one.
  const F z = f * f;
  const F even = horner(z, -0x1.fffff8p-2f, -0x1.000438p-2f, -0x1.542422p-3f, -0x1.0f4cacp-3f, -0x1.385190p-4f);
  const F odd = horner(z, 0x1.55555p-2f, 0x1.99a428p-3f, 0x1.226b32p-3f, 0x1.087db4p-3f);
  const F log_mantissa = fma_lane(z, fma_lane(f, odd, even), f);
  // One constant serves for ln 2: its float is off by 2^-28 only.
  return fma_lane(e, broadcast<F>(0x1.62e430p-1f), log_mantissa);
}

// exp(x) for x up to 88: exactly 1 at 0, exactly 0 below -87, NaN stays NaN.
template <class F>
DS_HD inline F exp_lane(F x) {
  constexpr float kRound = 0x1.8p23f;
  // x = n ln 2 + r; the sum holds the integer n in its low bits.
  const F shifted = fma_lane(x, broadcast<F>(0x1.715476p0f), broadcast<F>(kRound));
  const F n = shifted - kRound;
  F r = fma_lane(n, broadcast<F>(-0x1.62e430p-1f), x);
  r = fma_lane(n, broadcast<F>(0x1.05c610p-29f), r);
  const F series = horner(r, 0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558bep-5f, 0x1.1239e0p-7f, 0x1.6a3fb8p-10f);
  const F scale = from_bits((bits(shifted) << 23) + 0x3F800000u);
  const F value = (fma_lane(r * r, series, r) + 1.0f) * scale;
  return select_lane(x < -87.0f, broadcast<F>(0.0f), value);
}

// Cosine and sine of word / 2^32 of a turn.
template <class F>
DS_HD inline void cos_sin_turn(word_of<F> word, F* cosine, F* sine) {
  using U = word_of<F>;
  // The word without its nearest quadrant: y in [-1, 1], in eighths of a turn.
  const F y = signed_to_float(word << 2) * 0x1p-31f;
  const F z = y * y;
  // pi / 4 in two floats: the first alone is off by half a unit in the last place.
  const F s = horner(z, -0x1.777a5cp-26f, -0x1.4abbbep-4f, 0x1.465facp-9f, -0x1.2db5c8p-15f);
  const F near_sine = fma_lane(y, broadcast<F>(0x1.921fb6p-1f), y * s);
  const F near_cosine = horner(z, 1.0f, -0x1.3bd3ccp-2f, 0x1.03c1b0p-6f, -0x1.55b2b2p-12f, 0x1.d4f478p-19f);
  // Quadrant q in the top two bits: odd ones swap; the sine is negative in 2 and 3, the cosine in 1 and 2.
  const U quadrant = word + 0x20000000u;
  const U swap = quadrant << 1;
  const U sine_sign = quadrant & 0x80000000u;
  const U cosine_sign = (quadrant + 0x40000000u) & 0x80000000u;
  *sine = from_bits(bits(select_top_bit(swap, near_cosine, near_sine)) ^ sine_sign);
  *cosine = from_bits(bits(select_top_bit(swap, near_sine, near_cosine)) ^ cosine_sign);
}

}  // namespace
}  // namespace ds
