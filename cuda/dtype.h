// What the elements of a buffer are. Includes no C++ library header: see combine_args.h.
#pragma once

#include <stdint.h>

namespace ds {

// Arithmetic is float32; the others are only how a network's inputs and outputs lie in memory.
enum class Dtype : uint32_t { kFloat32, kFloat16, kBfloat16 };

constexpr int kDtypes = 3;
constexpr const char* kDtypeNames[kDtypes] = {"float32", "float16", "bfloat16"};

constexpr const char* dtype_name(Dtype dtype) { return kDtypeNames[static_cast<uint32_t>(dtype)]; }
constexpr int64_t dtype_bytes(Dtype dtype) { return dtype == Dtype::kFloat32 ? 4 : 2; }

}  // namespace ds
