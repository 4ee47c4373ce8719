// The kernel language of the simulated device. The build includes it ahead of every .cu file, as nvcc does with its
// own.
#pragma once

#include <memory>
#include <tuple>
#include <utility>

#include "cuda_runtime_api.h"
#include "cuda_sim_device.h"

// cuda/lanes.h hands loads and stores over where this is defined.
#define DS_CUDA_SIM 1
// The device's branches are the ones to be tried.
#define __CUDACC__ 1
#define __CUDA_ARCH__ 900
#define __host__
#define __device__
#define __global__
#define __grid_constant__
#define __launch_bounds__(...)

inline unsigned __float_as_uint(float x) {
  unsigned word;
  std::memcpy(&word, &x, sizeof word);
  return word;
}
inline float __uint_as_float(unsigned word) {
  float x;
  std::memcpy(&x, &word, sizeof x);
  return x;
}
inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
inline double __dsqrt_rn(double x) { return __builtin_sqrt(x); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>((static_cast<unsigned long long>(a) * b) >> 32);
}
inline unsigned long long atomicMin(unsigned long long* at, unsigned long long value) {
  const unsigned long long old = cuda_sim::load(at);
  cuda_sim::store(at, value < old ? value : old);
  return old;
}

template <class... Parameters, class... Arguments>
inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                                      Arguments&&... arguments) {
  // Arguments are copied when the launch is called, as the runtime does: the kernel runs late.
  const auto bound = std::make_shared<const std::tuple<Parameters...>>(std::forward<Arguments>(arguments)...);
  cuda_sim::KernelCall call{reinterpret_cast<const void*>(kernel), [kernel, bound] { std::apply(kernel, *bound); }, {}};
  std::apply([&call](const Parameters&... each) { call.parameters = {{&each, sizeof each}...}; }, *bound);
  return cuda_sim::launch(*config, std::move(call));
}

// Not simulated before a kernel needs them.
#pragma GCC poison __shared__ __constant__ __managed__ __syncthreads __syncwarp __shfl_sync __shfl_up_sync
#pragma GCC poison __shfl_down_sync __shfl_xor_sync __ballot_sync __any_sync __all_sync __activemask
