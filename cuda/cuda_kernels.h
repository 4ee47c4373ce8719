// The kernels as the CUDA backend sees them. Each call queues its work on `stream` and returns.
#pragma once

#include <cuda_runtime_api.h>

#include "combine_args.h"
#include "mixture.h"

namespace ds {

void launch_combine(const CombineArgs& args, cudaStream_t stream);
void launch_mixture(const MixtureArgs& args, cudaStream_t stream);

// Throws where this build holds no code for the current device.
void require_kernel_image();

}  // namespace ds
