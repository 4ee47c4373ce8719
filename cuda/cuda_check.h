// The one check of CUDA calls: a failure is cleared, remembered if the device is lost, and thrown as Failure.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace ds {

[[noreturn]] void throw_cuda_failure(cudaError_t error, const char* call, const char* file, int line,
                                     uint64_t allocated_bytes);

inline void check_cuda(cudaError_t error, const char* call, const char* file, int line, uint64_t allocated_bytes = 0) {
  if (error != cudaSuccess) throw_cuda_failure(error, call, file, line, allocated_bytes);
}

}  // namespace ds

#define DS_CUDA_CHECK(call) ::ds::check_cuda((call), #call, __FILE__, __LINE__)
// For calls that allocate: running out of memory names the byte count.
#define DS_CUDA_CHECK_ALLOCATION(call, bytes) ::ds::check_cuda((call), #call, __FILE__, __LINE__, (bytes))
