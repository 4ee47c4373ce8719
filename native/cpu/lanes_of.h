// Fills a lane table for one lane type; included by the one source of each instruction set.
#pragma once

#include "../../cuda/combine.h"
#include "../../cuda/mixture_formula.h"
#include "lane_table.h"

namespace ds {
namespace {

template <class F>
void lane_widen(Dtype dtype, const uint16_t* from, uint64_t count, float* to) {
  for_each_tile<F>(0, static_cast<int64_t>(count), [&](auto lane, const auto& tile, int64_t element) {
    using L = decltype(lane);
    L values[4];
    tile.load(dtype, from + element, values);
    tile.store(to + element, values);
  });
}

template <class F>
void lane_narrow(Dtype dtype, const float* from, uint64_t count, uint16_t* to) {
  for_each_tile<F>(0, static_cast<int64_t>(count), [&](auto lane, const auto& tile, int64_t element) {
    using L = decltype(lane);
    L values[4];
    word_of<L> halves[4];
    tile.load(from + element, values);
    for (int i = 0; i < 4; ++i) halves[i] = narrow(dtype, values[i]);
    tile.store(to + element, halves);
  });
}

template <class F>
void lane_normals(uint64_t seed, uint32_t stream, uint32_t draw, uint64_t first, uint64_t count, float* out) {
  uint64_t element = first / 4 * 4;
  while (element < first + count) {
    F tile[4];
    normal_tile<F>(seed, stream, draw, element, tile);
    float values[kTile<F>];
    FullTile<F>{}.store(values, tile);
    for (const float value : values) {
      if (element >= first && element < first + count) out[element - first] = value;
      ++element;
    }
  }
}

// Every lane computes the same block, so that this probe runs the code that the kernels run.
template <class F>
void lane_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  using U = word_of<F>;
  U words[4];
  for (int i = 0; i < 4; ++i) words[i] = broadcast_word<U>(counter[i]);
  philox4x32_10(words, key[0], key[1]);
  for (int i = 0; i < 4; ++i) {
    float lanes[kLanes<F>];
    store_lanes(lanes, from_bits(words[i]));
    out[i] = bits(lanes[kLanes<F> - 1]);
  }
}

template <class F>
NormalRange lane_normal_range(uint32_t first, uint64_t count) {
  using U = word_of<F>;
  NormalRange range{0, 0.0f, 0.0f};
  for (uint64_t done = 0; done < count; done += kLanes<F>) {
    float word_lanes[kLanes<F>];
    for (int l = 0; l < kLanes<F>; ++l) word_lanes[l] = from_bits(first + static_cast<uint32_t>(done + l));
    const U words = bits(load_lanes<F>(word_lanes));
    F cosine, sine;
    cos_sin_turn<F>(words, &cosine, &sine);
    float results[3][kLanes<F>];
    store_lanes(results[0], normal_radius<F>(words));
    store_lanes(results[1], cosine);
    store_lanes(results[2], sine);
    for (int kind = 0; kind < 3; ++kind) {
      float& largest = kind == 0 ? range.max_radius : range.max_unit;
      for (int l = 0; l < kLanes<F> && done + l < count; ++l) {
        const float magnitude = from_bits(bits(results[kind][l]) & 0x7FFFFFFFu);
        if (any_nan(magnitude * 0.0f)) ++range.bad;
        if (magnitude > largest) largest = magnitude;
      }
    }
  }
  return range;
}

template <class F>
constexpr LaneTable lanes_of(const char* name) {
  return {name,           combine<F>,      mixture<F>,     lane_widen<F>,
          lane_narrow<F>, lane_normals<F>, lane_philox<F>, lane_normal_range<F>};
}

}  // namespace
}  // namespace ds
