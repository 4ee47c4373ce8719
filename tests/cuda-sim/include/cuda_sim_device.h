// What compiled kernels know of the simulator: how they are launched, and how they reach memory, where every access is
// checked against a shadow of its bytes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cstring>
#include <functional>
#include <vector>

#include "cuda_runtime_api.h"

// One thread runs at a time, so where it stands is plain data.
extern CUDA_SIM_API uint3 threadIdx;
extern CUDA_SIM_API uint3 blockIdx;
extern CUDA_SIM_API dim3 blockDim;
extern CUDA_SIM_API dim3 gridDim;

namespace cuda_sim {

// What the shadow says of one byte. The low bit tells that an allocation is there.
constexpr unsigned char kNothing = 0, kUnwritten = 1, kWritten = 3;

// Device addresses begin at `base`, where nobody can read or write; the bytes themselves stand at `backing`.
struct Space {
  uintptr_t base;
  size_t bytes;
  unsigned char* backing;
  unsigned char* shadow;
};
extern CUDA_SIM_API Space space;

// Accesses by the logarithm of their width.
constexpr int kWidths = 5;
struct Accesses {
  uint64_t reads[kWidths];
  uint64_t writes[kWidths];
};
extern CUDA_SIM_API Accesses accesses;

constexpr int width_index(size_t bytes) { return bytes <= 1 ? 0 : 1 + width_index(bytes / 2); }

struct Parameter {
  const void* at;
  size_t bytes;
};

// What is asked of every thread of a grid.
struct KernelCall {
  const void* kernel;            // for its name
  std::function<void()> thread;  // keeps the parameters alive
  std::vector<Parameter> parameters;
};

// Queues a grid of such calls.
CUDA_SIM_API cudaError_t launch(const cudaLaunchConfig_t& config, KernelCall call);

// Reports the access and ends the kernel.
[[noreturn]] CUDA_SIM_API void refuse_access(const void* at, size_t bytes, bool write);

template <size_t kBytes>
inline uint64_t shadow_word(const unsigned char* at) {
  static_assert(kBytes == 1 || kBytes == 2 || kBytes == 4 || kBytes == 8, "a device has no such access");
  uint64_t word = 0;
  std::memcpy(&word, at, kBytes);
  return word;
}

template <size_t kBytes>
inline bool all_are(const unsigned char* at, unsigned char bits) {
  if constexpr (kBytes == 16) {
    return all_are<8>(at, bits) && all_are<8>(at + 8, bits);
  } else {
    const uint64_t wanted = bits * (0x0101010101010101ull >> (64 - 8 * kBytes));
    return (shadow_word<kBytes>(at) & wanted) == wanted;
  }
}

// The offset of an access that is allowed.
template <class T>
inline size_t reach(const T* at, bool write) {
  const size_t offset = reinterpret_cast<uintptr_t>(at) - space.base;
  if (offset < space.bytes && offset % sizeof(T) == 0 &&
      all_are<sizeof(T)>(space.shadow + offset, write ? kUnwritten : kWritten)) {
    ++(write ? accesses.writes : accesses.reads)[width_index(sizeof(T))];
    return offset;
  }
  refuse_access(at, sizeof(T), write);
}

template <class T>
inline T load(const T* from) {
  T value;
  std::memcpy(&value, space.backing + reach(from, false), sizeof value);
  return value;
}

template <class T>
inline void store(T* to, const T& value) {
  const size_t offset = reach(to, true);
  std::memcpy(space.backing + offset, &value, sizeof value);
  std::memset(space.shadow + offset, kWritten, sizeof value);
}

}  // namespace cuda_sim
