// Kernels as those of cuda/ are written, right and wrong.
#include "../../../cuda/lanes.h"
#include "../../../cuda/launch.h"
#include "planted.h"

namespace planted {
namespace {

__global__ void fill_kernel(float* to, int64_t count, float value) {
  const ds::GridSpan span = ds::grid_span();
  for (int64_t i = span.first_column; i < count; i += span.column_stride) ds::store(to + i, value);
}

__global__ void fill_one_more_kernel(float* to, int64_t count, float value) {
  const ds::GridSpan span = ds::grid_span();
  for (int64_t i = span.first_column; i <= count; i += span.column_stride) ds::store(to + i, value);
}

__global__ void copy_kernel(float* to, const float* from, int64_t count) {
  const ds::GridSpan span = ds::grid_span();
  for (int64_t i = span.first_column; i < count; i += span.column_stride) ds::store(to + i, ds::load(from + i));
}

__global__ void copy4_kernel(float* to, const float* from, int64_t count) {
  const ds::GridSpan span = ds::grid_span();
  for (int64_t i = 4 * span.first_column; i < count; i += 4 * span.column_stride) {
    ds::store4(to + i, ds::load4(from + i));
  }
}

__global__ void without_load_kernel(float* to, const float* from) { ds::store(to, *from); }

__global__ void race_kernel(float* to, int64_t count) {
  const ds::GridSpan span = ds::grid_span();
  for (int64_t i = span.first_column; i < count; i += span.column_stride) ds::store(to, static_cast<float>(i));
}

}  // namespace

void launch_fill(float* to, int64_t count, float value, cudaStream_t stream) {
  ds::launch("fill_kernel", {0, stream}, count, 1, fill_kernel, to, count, value);
}
void launch_fill_one_more(float* to, int64_t count, float value, cudaStream_t stream) {
  ds::launch("fill_one_more_kernel", {0, stream}, count, 1, fill_one_more_kernel, to, count, value);
}
void launch_copy(float* to, const float* from, int64_t count, cudaStream_t stream) {
  ds::launch("copy_kernel", {0, stream}, count, 1, copy_kernel, to, from, count);
}
void launch_copy4(float* to, const float* from, int64_t count, cudaStream_t stream) {
  ds::launch("copy4_kernel", {0, stream}, count / 4, 1, copy4_kernel, to, from, count);
}
void launch_without_load(float* to, const float* from, cudaStream_t stream) {
  ds::launch("without_load_kernel", {0, stream}, 1, 1, without_load_kernel, to, from);
}
void launch_race(float* to, int64_t count, cudaStream_t stream) {
  ds::launch("race_kernel", {0, stream}, count, 1, race_kernel, to, count);
}
int64_t threads_of_block() { return ds::kBlockThreads; }

}  // namespace planted
