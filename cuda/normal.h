// Unit normals as a pure function of row seed, stream, draw and element.
//
// Element 4b + j is word j of Philox block b after Box-Muller: words (0, 1) give elements 0 and 1, words (2, 3) give 2
// and 3. Counter: low and high half of b, draw, stream. Key: low and high half of the seed.
#pragma once

#include <cstdint>

#include "elementary.h"
#include "lanes.h"
#include "philox.h"

namespace ds {
namespace {

// sqrt(-2 ln u), u = (word + 1/2) / 2^32 rounded to float: from 0 (u rounds to 1) to 6.77, always finite.
template <class F>
DS_HD inline F normal_radius(word_of<F> word) {
  // The inner fma is exact, so u is rounded once.
  const F low = fma_lane(signed_to_float(word & 0xFFFFu), broadcast<F>(0x1p-32f), broadcast<F>(0x1p-33f));
  const F u = fma_lane(signed_to_float(word >> 16), broadcast<F>(0x1p-16f), low);
  return sqrt_lane(log_lane(u) * -2.0f);
}

// The 4 * kLanes<F> normals from `first_element` (a multiple of 4) on: out[i] holds kLanes<F> consecutive ones.
template <class F>
DS_HD inline void normal_tile(uint64_t seed, uint32_t stream, uint32_t draw, uint64_t first_element, F out[4]) {
  using U = word_of<F>;
  const uint64_t block = first_element / 4;
  const uint32_t block_low = static_cast<uint32_t>(block);
  const U low = tile_block(U{}) + block_low;
  const U high = broadcast_word<U>(static_cast<uint32_t>(block >> 32));
  U words[4] = {low, select_lane(low < block_low, high + 1u, high), broadcast_word<U>(draw), broadcast_word<U>(stream)};
  philox4x32_10(words, static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
  DS_UNROLL
  for (int pair = 0; pair < 4; pair += 2) {
    const F radius = normal_radius<F>(words[pair]);
    F cosine, sine;
    cos_sin_turn<F>(words[pair + 1], &cosine, &sine);
    out[pair] = radius * cosine;
    out[pair + 1] = radius * sine;
  }
  to_memory_order(out);
}

}  // namespace
}  // namespace ds
