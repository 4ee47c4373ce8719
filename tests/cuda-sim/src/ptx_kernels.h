// Kernels from the PTX of a compiler for devices, in the place of those that the host's compiler made.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "../../ptx/ptx_module.h"
#include "../include/cuda_sim_device.h"

namespace cuda_sim {

class PtxKernels {
 public:
  PtxKernels() = default;
  // From texts by name. Throws ds::ptx::PtxFault where one is not understood.
  explicit PtxKernels(const std::map<std::string, std::string>& texts);

  bool empty() const { return modules_.empty(); }

  // Every thread of the grid, on the device's memory. Answers how many instructions they ran; throws DeviceFault, also
  // where no text has such a kernel.
  uint64_t run(const dim3& grid, const dim3& block, const KernelCall& call) const;

 private:
  struct Place {
    size_t module;
    std::string mangled;
  };
  std::vector<ds::ptx::PtxModule> modules_;
  std::map<std::string, Place> places_;  // by the short name, as compilers differ in how they name what is local
};

}  // namespace cuda_sim
