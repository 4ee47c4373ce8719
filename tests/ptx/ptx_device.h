// A device without a GPU: what the real launcher launches is executed from PTX.
//
// The product's launch_combine and launch_mixture run as they are; the linker leads cudaLaunchKernelExC here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../../cuda/backend.h"
#include "checked_memory.h"
#include "ptx_module.h"

namespace ds::ptx {

// The modules of one virtual architecture.
class PtxDevice {
 public:
  static constexpr Extent kLargestGrid{0x7FFFFFFFu, 65535u};

  PtxDevice(std::string name, std::vector<PtxModule> modules) : name_(std::move(name)), modules_(std::move(modules)) {}

  const std::string& name() const { return name_; }
  const std::vector<PtxModule>& modules() const { return modules_; }

  // Runs `work`, whose launches on this thread are executed here, on `memory`.
  void execute(Memory& memory, const std::function<void()>& work);

  // What a launch asks for, from the linker's detour.
  void launch(const std::string& asked, LaunchShape shape, void* const* arguments);

  // Grids are cut to this, so that threads have to stride.
  Extent most_blocks = kLargestGrid;
  // Where it is set, it may send a launch to another kernel that takes the same parameters.
  std::function<std::string(const std::string& kernel)> other_kernel;
  // Where it is set, it alone says which blocks of a launch run.
  std::function<std::vector<Extent>(const std::string& kernel, const LaunchShape& shape)> only_blocks;

 private:
  std::string name_;
  std::vector<PtxModule> modules_;
  Memory* memory_ = nullptr;
};

// A backend whose kernels are PTX. `device` outlives it.
std::unique_ptr<Backend> make_ptx_backend(PtxDevice* device);

}  // namespace ds::ptx
