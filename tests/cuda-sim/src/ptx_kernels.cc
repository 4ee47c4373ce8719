// Kernels from the PTX of a compiler for devices, in the place of those that the host's compiler made.
#include "ptx_kernels.h"

#include "faults.h"
#include "kernel_name.h"
#include "shadow_memory.h"

namespace cuda_sim {

PtxKernels::PtxKernels(const std::map<std::string, std::string>& texts) {
  for (const auto& [name, text] : texts) {
    modules_.push_back(ds::ptx::PtxModule::parse(text, name));
    for (const std::string& mangled : modules_.back().kernels()) {
      const std::string kernel = short_name(mangled);
      const bool first = places_.emplace(kernel, Place{modules_.size() - 1, mangled}).second;
      if (!first) throw ds::ptx::PtxFault(name + ": " + kernel + " is there twice");
    }
  }
}

uint64_t PtxKernels::run(const dim3& grid, const dim3& block, const KernelCall& call) const {
  const std::string kernel = kernel_name(call.kernel);
  const auto fault = [&](const std::string& text) {
    return DeviceFault{cudaErrorLaunchFailure, "kernel " + kernel + ", from PTX: " + text};
  };
  const auto place = places_.find(kernel);
  if (place == places_.end()) throw fault("no text has it");
  const ds::ptx::PtxModule& module = modules_[place->second.module];
  const std::string& mangled = place->second.mangled;
  std::vector<const void*> arguments;
  std::vector<size_t> sizes;
  for (const Parameter& parameter : call.parameters) {
    arguments.push_back(parameter.at);
    sizes.push_back(parameter.bytes);
  }
  if (sizes != module.parameter_sizes(mangled)) throw fault("it takes other parameters than it is given");
  if (grid.z != 1 || block.z != 1) throw fault("its grid has three dimensions");
  try {
    ShadowMemory memory;
    return module.launch(mangled, {{grid.x, grid.y}, {block.x, block.y}}, module.pack(mangled, arguments.data()),
                         memory);
  } catch (const ds::ptx::PtxFault& problem) {
    throw fault(problem.what());
  }
}

}  // namespace cuda_sim
