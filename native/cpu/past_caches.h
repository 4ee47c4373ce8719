// Which outputs of a pass are better written past the caches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../cuda/combine_args.h"

namespace ds {

// A bit for each: of a large pass those of float32 that are not written over what the pass reads, which then is in the
// caches anyway. `cache_bytes` are those of the last cache.
inline uint32_t outputs_past_caches(const CombineArgs& args, size_t cache_bytes) {
  size_t element_bytes = 0;
  for (int j = 0; j < args.term_count; ++j) element_bytes += args.terms[j].base ? dtype_bytes(args.terms[j].dtype) : 0;
  for (int o = 0; o < args.output_count; ++o) element_bytes += dtype_bytes(args.outputs[o].dtype);
  // Of a pass that comes to twice the cache, nothing of an output is left in it when the output is read.
  if (static_cast<size_t>(args.rows * args.elements) * element_bytes < 2 * cache_bytes) return 0;
  uint32_t outputs = 0;
  for (int o = 0; o < args.output_count; ++o) {
    bool apart = args.outputs[o].dtype == Dtype::kFloat32;
    for (int j = 0; j < args.term_count; ++j) apart = apart && args.terms[j].base != args.outputs[o].base;
    if (apart) outputs |= 1u << o;
  }
  return outputs;
}

}  // namespace ds
