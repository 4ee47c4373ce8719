// The name of a kernel from its address.
#pragma once

#include <string>

namespace cuda_sim {

std::string kernel_name(const void* kernel);

}  // namespace cuda_sim
