// The names and texts of errors.
#pragma once

#include "../include/cuda_runtime_api.h"

namespace cuda_sim {

const char* error_name(cudaError_t error);
const char* error_text(cudaError_t error);

}  // namespace cuda_sim
