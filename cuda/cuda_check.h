// The one check of CUDA calls: a failure is cleared, remembered if the device is lost, and thrown as Failure.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace ds {

// `ordinal` is the device that the call was for; -1 where it was for none.
[[noreturn]] void throw_cuda_failure(cudaError_t error, int ordinal, const char* call, const char* file, int line,
                                     uint64_t allocated_bytes);

inline void check_cuda(cudaError_t error, int ordinal, const char* call, const char* file, int line,
                       uint64_t allocated_bytes = 0) {
  if (error != cudaSuccess) throw_cuda_failure(error, ordinal, call, file, line, allocated_bytes);
}

// For calls whose failure nobody can be told of, or is an answer. Left alone, the runtime would hand the error to the
// next, innocent caller that asks for one.
inline bool cuda_succeeded(cudaError_t error) noexcept {
  if (error != cudaSuccess) cudaGetLastError();
  return error == cudaSuccess;
}

}  // namespace ds

#define DS_CUDA_CHECK(ordinal, call) ::ds::check_cuda((call), (ordinal), #call, __FILE__, __LINE__)
// For calls that allocate: running out of memory names the byte count.
#define DS_CUDA_CHECK_ALLOCATION(ordinal, call, bytes) \
  ::ds::check_cuda((call), (ordinal), #call, __FILE__, __LINE__, (bytes))
