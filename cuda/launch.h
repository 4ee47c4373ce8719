// The one launcher: typed arguments, empty and huge sizes, and the check of every launch.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda_check.h"
#include "cuda_kernels.h"

namespace ds {

// On an H100, 256 are up to 3 % slower than this; 512 too, and up to 30 % with two outputs.
constexpr unsigned kBlockThreads = 128;

// Blocks whose threads are all that a multiprocessor holds.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ == 800 || __CUDA_ARCH__ == 900 || \
    (__CUDA_ARCH__ >= 1000 && __CUDA_ARCH__ < 1100)
constexpr int kMostBlocks = 2048 / kBlockThreads;
#elif __CUDA_ARCH__ < 800
constexpr int kMostBlocks = 1024 / kBlockThreads;
#else
constexpr int kMostBlocks = 1536 / kBlockThreads;
#endif

// Where a thread of a grid over (column, row) begins and how far it strides; both exceed 32 bits without harm.
struct GridSpan {
  int64_t first_column, column_stride, first_row, row_stride;
};

#ifdef __CUDACC__
__device__ inline GridSpan grid_span() {
  return {static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x, static_cast<int64_t>(gridDim.x) * blockDim.x,
          static_cast<int64_t>(blockIdx.y) * blockDim.y + threadIdx.y, static_cast<int64_t>(gridDim.y) * blockDim.y};
}
#endif

// Runs `kernel` over columns x rows threads, or as many as a grid holds: the kernel strides over the rest.
// Narrow rows share a block. Nothing is launched where there is nothing to do.
template <class... Parameters, class... Arguments>
void launch(const char* name, const CudaQueue& queue, int64_t columns, int64_t rows, void (*kernel)(Parameters...),
            const Arguments&... arguments) {
  if (columns <= 0 || rows <= 0) return;
  unsigned block_columns = 1;
  while (block_columns < kBlockThreads && block_columns < columns) block_columns *= 2;
  const unsigned block_rows = kBlockThreads / block_columns;
  const auto blocks = [](int64_t count, int64_t block, int64_t limit) {
    const int64_t needed = (count - 1) / block + 1;
    return static_cast<unsigned>(needed < limit ? needed : limit);
  };
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(blocks(columns, block_columns, INT32_MAX), blocks(rows, block_rows, 65535));
  config.blockDim = dim3(block_columns, block_rows);
  config.stream = queue.stream;
  check_cuda(cudaLaunchKernelEx(&config, kernel, arguments...), queue.ordinal, name, __FILE__, __LINE__);
}

}  // namespace ds
