// The first launch of a replayed step: its cursor moves on.
#include "step_cursor.h"

#include "cuda_kernels.h"
#include "lanes.h"
#include "launch.h"

namespace ds {
namespace {

__global__ void __launch_bounds__(kBlockThreads) advance_kernel(StepCursor* cursor, const StepCursor* entries) {
  const GridSpan span = grid_span();
  if (span.first_column + span.first_row > 0) return;
  const StepCursor* to = entries + load(&cursor->next);
  store(&cursor->words, load(&to->words));
  store(&cursor->times, load(&to->times));
  store(&cursor->entry, load(&to->entry));
  store(&cursor->next, load(&to->next));
}

}  // namespace

void launch_advance(StepCursor* cursor, const StepCursor* entries, const CudaQueue& queue) {
  launch("advance_kernel", queue, 1, 1, advance_kernel, cursor, entries);
}

}  // namespace ds
