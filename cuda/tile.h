// A tile: four lanes of consecutive elements, and the ways to move one between memory and registers: floats, or halves
// of 16 bits, each in a word of its own.
#pragma once

#include <stdint.h>

#include "half.h"
#include "lanes.h"

namespace ds {
namespace {

template <class F>
constexpr int kTile = 4 * kLanes<F>;

// A whole tile at any address.
template <class F>
struct FullTile {
  DS_HD int count() const { return kTile<F>; }
  DS_HD void load(const float* from, F t[4]) const {
    DS_UNROLL
    for (int i = 0; i < 4; ++i) t[i] = load_lanes<F>(from + i * kLanes<F>);
  }
  DS_HD void store(float* to, const F t[4]) const {
    DS_UNROLL
    for (int i = 0; i < 4; ++i) store_lanes<F>(to + i * kLanes<F>, t[i]);
  }
  // Past the caches; at a multiple of the lanes' size.
  DS_HD void stream(float* to, const F t[4]) const {
    DS_UNROLL
    for (int i = 0; i < 4; ++i) stream_lanes<F>(to + i * kLanes<F>, t[i]);
  }
  DS_HD void load(Dtype dtype, const uint16_t* from, F t[4]) const {
    DS_UNROLL
    for (int i = 0; i < 4; ++i) t[i] = load_widened<F>(dtype, from + i * kLanes<F>);
  }
  DS_HD void store(uint16_t* to, const word_of<F> t[4]) const {
    DS_UNROLL
    for (int i = 0; i < 4; ++i) store_halves(to + i * kLanes<F>, t[i]);
  }
};

// One to four elements. Missing ones are read as zero. `aligned`: the address is a multiple of four elements.
struct FloatTile {
  bool aligned;
  int present;

  DS_HD int count() const { return present; }
  DS_HD void load(const float* from, float t[4]) const {
    if (aligned && present == 4) {
      const Quad quad = load4(from);
      DS_UNROLL
      for (int i = 0; i < 4; ++i) t[i] = quad.at[i];
      return;
    }
    DS_UNROLL
    for (int i = 0; i < 4; ++i) t[i] = i < present ? ds::load(from + i) : 0.0f;
  }
  DS_HD void store(float* to, const float t[4]) const {
    if (aligned && present == 4) {
      store4(to, Quad{{t[0], t[1], t[2], t[3]}});
      return;
    }
    DS_UNROLL
    for (int i = 0; i < 4; ++i) {
      if (i < present) ds::store(to + i, t[i]);
    }
  }
  // Too few to go past the caches.
  DS_HD void stream(float* to, const float t[4]) const { store(to, t); }
  DS_HD void load(Dtype dtype, const uint16_t* from, float t[4]) const {
    uint32_t halves[4];
    load_words(from, halves);
    DS_UNROLL
    for (int i = 0; i < 4; ++i) t[i] = widen<float>(dtype, halves[i]);
  }
  DS_HD void store(uint16_t* to, const uint32_t t[4]) const {
    if (aligned && present == 4) {
      store4(to, HalfQuad{{t[0] | t[1] << 16, t[2] | t[3] << 16}});
      return;
    }
    DS_UNROLL
    for (int i = 0; i < 4; ++i) {
      if (i < present) ds::store(to + i, static_cast<uint16_t>(t[i]));
    }
  }

 private:
  DS_HD void load_words(const uint16_t* from, uint32_t t[4]) const {
    if (aligned && present == 4) {
      const HalfQuad quad = load4(from);
      DS_UNROLL
      for (int i = 0; i < 4; ++i) t[i] = quad.at[i / 2] >> 16 * (i % 2) & 0xFFFFu;
      return;
    }
    DS_UNROLL
    for (int i = 0; i < 4; ++i) t[i] = i < present ? ds::load(from + i) : 0u;
  }
};

// The same on a host: at any address, and one code for four elements and for fewer.
struct ShortTile {
  int present;

  int count() const { return present; }
  void stream(float* to, const float t[4]) const { store(to, t); }
  template <class T, class Value>
  void load(const T* from, Value t[4]) const {
    if (present == 4) {
      for (int i = 0; i < 4; ++i) t[i] = from[i];
    } else {
      for (int i = 0; i < 4; ++i) t[i] = i < present ? from[i] : T{};
    }
  }
  void load(Dtype dtype, const uint16_t* from, float t[4]) const {
    uint32_t halves[4];
    load(from, halves);
    for (int i = 0; i < 4; ++i) t[i] = widen<float>(dtype, halves[i]);
  }
  template <class T, class Value>
  void store(T* to, const Value t[4]) const {
    if (present == 4) {
      for (int i = 0; i < 4; ++i) to[i] = static_cast<T>(t[i]);
    } else {
      for (int i = 0; i < 4; ++i) {
        if (i < present) to[i] = static_cast<T>(t[i]);
      }
    }
  }
};

// Calls visit(lane, tile, element) for every tile of `count` elements from `first` on, in order: whole tiles of F where
// that is a vector, then of up to four floats.
template <class F, class Visit>
inline void for_each_tile(int64_t first, int64_t count, const Visit& visit) {
  int64_t element = first;
  const int64_t end = first + count;
  if constexpr (kLanes<F> > 1) {
    for (; end - element >= kTile<F>; element += kTile<F>) visit(F{}, FullTile<F>{}, element);
  }
  for (; element < end; element += 4) {
    visit(float{}, ShortTile{end - element < 4 ? static_cast<int>(end - element) : 4}, element);
  }
}

}  // namespace
}  // namespace ds
