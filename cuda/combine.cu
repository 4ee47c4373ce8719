// The combine kernel: one thread per tile of four elements, a run-time loop over terms held in constant memory.
#include "combine.h"

#include "cuda_kernels.h"
#include "failure.h"
#include "launch.h"

namespace ds {
namespace {

template <int kOutputs>
__global__ void __launch_bounds__(kBlockThreads) combine_kernel(const __grid_constant__ CombineArgs args) {
  const GridSpan span = grid_span();
  const int64_t tiles = (args.elements + 3) / 4;
  for (int64_t r = span.first_row; r < args.rows; r += span.row_stride) {
    const CombineRow row = combine_row(args, r);
    const bool aligned = (row.offset & 3) == 0;
    for (int64_t tile = span.first_column; tile < tiles; tile += span.column_stride) {
      const int64_t left = args.elements - 4 * tile;
      const FloatTile access{aligned, left < 4 ? static_cast<int>(left) : 4};
      combine_tile<float, kOutputs>(args, row, 4 * tile, access);
    }
  }
}

void require_aligned(const void* base) {
  if (reinterpret_cast<uintptr_t>(base) % sizeof(Quad) != 0) {
    throw Failure(FailureCode::kInternal, "combine: a buffer is not aligned to 16 bytes");
  }
}

}  // namespace

void launch_combine(const CombineArgs& args, const CudaQueue& queue) {
  for (int j = 0; j < args.term_count; ++j) require_aligned(args.terms[j].base);
  for (int o = 0; o < args.output_count; ++o) require_aligned(args.outputs[o].base);
  const int64_t tiles = (args.elements + 3) / 4;
  // Accumulators have to be registers, so their number is fixed at compile time.
  const auto kernel = args.output_count == 1   ? combine_kernel<1>
                      : args.output_count == 2 ? combine_kernel<2>
                                               : combine_kernel<kMaxOutputs>;
  launch("combine_kernel", queue, tiles, args.rows, kernel, args);
}

void require_kernel_image(int ordinal) {
  cudaFuncAttributes attributes;
  DS_CUDA_CHECK(ordinal, cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(&combine_kernel<1>)));
}

}  // namespace ds
