// The short name of a kernel: from its address, or as a compiler mangled it.
#pragma once

#include <string>

namespace cuda_sim {

std::string kernel_name(const void* kernel);
// "void ds::(anonymous namespace)::combine_kernel<1>(ds::CombineArgs)", mangled, as "combine_kernel<1>".
std::string short_name(const std::string& mangled);

}  // namespace cuda_sim
