// The CPU's formulas, compiled once per instruction set and chosen by name at run time.
// Includes no C++ library header: see cuda/combine_args.h.
#pragma once

#include <stdint.h>

#include "../../cuda/combine_args.h"
#include "../../cuda/mixture.h"

namespace ds {

struct NormalRange {
  uint64_t bad;  // results that are not finite
  float max_radius;
  float max_unit;  // largest magnitude of a sine or cosine
};

struct LaneTable {
  const char* name;
  void (*combine)(const CombineArgs& args, const CombinePart& part);
  // Of `rows` rows from `first_row` on.
  void (*mixture)(const MixtureArgs& args, int64_t first_row, int64_t rows);
  // `dtype` is float16 or bfloat16.
  void (*widen)(Dtype dtype, const uint16_t* from, uint64_t count, float* to);
  void (*narrow)(Dtype dtype, const float* from, uint64_t count, uint16_t* to);
  // Normals of elements first .. first + count - 1.
  void (*normals)(uint64_t seed, uint32_t stream, uint32_t draw, uint64_t first, uint64_t count, float* out);
  void (*philox)(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
  // Box-Muller over `count` consecutive words from `first` (modulo 2^32).
  NormalRange (*normal_range)(uint32_t first, uint64_t count);
};

extern const LaneTable kScalarLanes;
#if defined(__x86_64__)
extern const LaneTable kAvx2Lanes;
extern const LaneTable kAvx512Lanes;
#elif defined(__aarch64__)
extern const LaneTable kNeonLanes;
#endif

}  // namespace ds
