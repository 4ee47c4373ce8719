// The combine kernel: one thread per tile of four elements, a run-time loop over terms held in constant memory.
#include "combine.h"

#include "cuda_kernels.h"
#include "failure.h"
#include "launch.h"

namespace ds {
namespace {

// How many blocks of a multiprocessor registers have to leave room for. One sum: for all of them. More sums: for as
// many as do without a spill; a thread with 16 bytes in flight needs fewer neighbours.
template <int kOutputs, bool kHalves>
constexpr int kBlocksHeld = kOutputs == 1      ? kMostBlocks
                            : kOutputs > 2     ? 7
                            : kMostBlocks < 12 ? kMostBlocks
                            : kHalves          ? 10
                                               : 12;

template <int kOutputs, bool kHalves>
__global__ void __launch_bounds__(kBlockThreads, kBlocksHeld<kOutputs, kHalves>)
    combine_kernel(const __grid_constant__ CombineArgs args) {
  const GridSpan span = grid_span();
  const int64_t tiles = (args.elements + 3) / 4;
  for (int64_t r = span.first_row; r < args.rows; r += span.row_stride) {
    const CombineRow row = combine_row(args, r);
    const bool aligned = (row.offset & 3) == 0;
    for (int64_t tile = span.first_column; tile < tiles; tile += span.column_stride) {
      const int64_t left = args.elements - 4 * tile;
      const FloatTile access{aligned, left < 4 ? static_cast<int>(left) : 4};
      combine_tile<float, kOutputs, kHalves, true>(args, row, ReadTerms<kOutputs>{}, 4 * tile, 0, access);
    }
  }
}

// Accumulators have to be registers, so their number is fixed at compile time.
template <bool kHalves>
void launch_outputs(const CombineArgs& args, const CudaQueue& queue) {
  const auto kernel = args.output_count == 1   ? combine_kernel<1, kHalves>
                      : args.output_count == 2 ? combine_kernel<2, kHalves>
                                               : combine_kernel<kMaxOutputs, kHalves>;
  launch("combine_kernel", queue, (args.elements + 3) / 4, args.rows, kernel, args);
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
  if (has_halves(args)) return launch_outputs<true>(args, queue);
  launch_outputs<false>(args, queue);
}

void require_kernel_image(int ordinal) {
  cudaFuncAttributes attributes;
  DS_CUDA_CHECK(ordinal, cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(&combine_kernel<1, false>)));
}

}  // namespace ds
