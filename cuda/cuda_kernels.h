// The kernels as the CUDA backend sees them. Each call queues its work and returns.
#pragma once

#include <cuda_runtime_api.h>

#include "combine_args.h"
#include "mixture.h"

namespace ds {

struct CudaQueue {
  int ordinal;  // of the device, which is the current one
  cudaStream_t stream;
};

void launch_combine(const CombineArgs& args, const CudaQueue& queue);
void launch_mixture(const MixtureArgs& args, const CudaQueue& queue);
void launch_advance(StepCursor* cursor, const StepCursor* entries, const CudaQueue& queue);

// Throws where this build holds no code for device `ordinal`, which is the current one.
void require_kernel_image(int ordinal);

}  // namespace ds
