// Combine passes made from a seed: what a step program may ask for, and some that it should not.
#pragma once

#include <cstdint>
#include <functional>

#include "ptx_test.h"

namespace ds::ptx {

enum class Values { kFinite, kNotFinite };

struct CombineCase {
  uint64_t seed;  // of coefficients, values, seeds and offsets
  int64_t rows, elements;
  int terms, outputs;
  uint32_t noise = 0;    // bit j: term j is noise
  uint32_t derived = 0;  // bit o: output o is derived
  bool aliased = false;  // outputs stand where terms do
  bool shifted = false;  // rows begin anywhere, in any order, with gaps
  bool uniform = false;  // all rows have the same coefficients
  bool halves = false;   // buffers are float32, float16 or bfloat16
  Values values = Values::kFinite;
};

std::string describe(const CombineCase& c);

// The pass with all that it needs, on any backend.
std::function<Outcome(Backend&)> combine_work(const CombineCase& c);

}  // namespace ds::ptx
