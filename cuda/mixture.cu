// The mixture on CUDA: centre of each row, partial sums, weights of each row, output.
#include "cuda_kernels.h"
#include "launch.h"
#include "mixture_formula.h"

namespace ds {
namespace {

__global__ void __launch_bounds__(kBlockThreads, kMostBlocks)
    mixture_center_kernel(const __grid_constant__ MixtureArgs args) {
  const GridSpan span = grid_span();
  for (int64_t row = span.first_row; row < args.rows; row += span.row_stride) mixture_write_center(args, row);
}

// Columns are components x partial sums, so neighbouring threads read neighbouring elements.
__global__ void __launch_bounds__(kBlockThreads, kMostBlocks)
    mixture_partials_kernel(const __grid_constant__ MixtureArgs args) {
  const GridSpan span = grid_span();
  for (int64_t row = span.first_row; row < args.rows; row += span.row_stride) {
    for (int64_t c = span.first_column; c < args.components * kMixturePartials; c += span.column_stride) {
      const int64_t component = c / kMixturePartials;
      if (mixture_counts(args, row, component)) mixture_partial(args, row, component, c % kMixturePartials, 0, 0.0f);
    }
  }
}

__global__ void __launch_bounds__(kBlockThreads) mixture_weights_kernel(const __grid_constant__ MixtureArgs args) {
  const GridSpan span = grid_span();
  for (int64_t row = span.first_row; row < args.rows; row += span.row_stride) mixture_weights(args, row);
}

__global__ void __launch_bounds__(kBlockThreads, kMostBlocks < 12 ? kMostBlocks : 12)
    mixture_output_kernel(const __grid_constant__ MixtureArgs args) {
  const GridSpan span = grid_span();
  const int64_t tiles = (args.elements + 3) / 4;
  const bool aligned = (args.elements & 3) == 0;
  for (int64_t row = span.first_row; row < args.rows; row += span.row_stride) {
    for (int64_t tile = span.first_column; tile < tiles; tile += span.column_stride) {
      const int64_t left = args.elements - 4 * tile;
      mixture_output_tile<float>(args, row, 4 * tile, FloatTile{aligned, left < 4 ? static_cast<int>(left) : 4});
    }
  }
}

}  // namespace

void launch_mixture(const MixtureArgs& args, const CudaQueue& queue) {
  if (args.elements == 0) return;
  launch("mixture_center_kernel", queue, 1, args.rows, mixture_center_kernel, args);
  launch("mixture_partials_kernel", queue, args.components * kMixturePartials, args.rows, mixture_partials_kernel,
         args);
  launch("mixture_weights_kernel", queue, 1, args.rows, mixture_weights_kernel, args);
  launch("mixture_output_kernel", queue, (args.elements + 3) / 4, args.rows, mixture_output_kernel, args);
}

}  // namespace ds
