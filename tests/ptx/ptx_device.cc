// A device without a GPU: what the real launcher launches is executed from PTX.
#include "ptx_device.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <unordered_map>

#include "../../cuda/cuda_kernels.h"

namespace ds::ptx {
namespace {

// From the address of a kernel's host function to its name in PTX. Filled before main.
std::unordered_map<const void*, std::string>& kernel_names() {
  static std::unordered_map<const void*, std::string> names;
  return names;
}

thread_local PtxDevice* executing = nullptr;

class PtxBuffer final : public Buffer {
 public:
  PtxBuffer(CheckedMemory* memory, size_t bytes) : memory_(memory), bytes_(bytes) {
    // As devices align, and never at the address of another buffer.
    data_ = std::aligned_alloc(256, (bytes / 256 + 1) * 256);
    if (!data_) throw std::bad_alloc();
    memory_->add(data_, bytes_);
  }
  ~PtxBuffer() override {
    memory_->remove(data_);
    std::free(data_);
  }
  void* data() noexcept override { return data_; }
  size_t bytes() const noexcept override { return bytes_; }

 private:
  CheckedMemory* memory_;
  size_t bytes_;
  void* data_;
};

class PtxBackend final : public Backend {
 public:
  explicit PtxBackend(PtxDevice* device) : device_(device) {}

  BufferPtr allocate(size_t bytes) override { return std::make_unique<PtxBuffer>(&memory_, bytes); }
  void upload(void* to, const void* from, size_t bytes) override {
    memory_.initialise(to, bytes);
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void download(void* to, const void* from, size_t bytes) override {
    memory_.require_initialised(from, bytes);
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void copy(void* to, const void* from, size_t bytes) override {
    memory_.require_initialised(from, bytes);
    upload(to, from, bytes);
  }
  void combine(const CombineArgs& args) override {
    device_->execute(memory_, [&] { launch_combine(args, {0, nullptr}); });
  }
  void mixture(const MixtureArgs& args) override {
    device_->execute(memory_, [&] { launch_mixture(args, {0, nullptr}); });
  }
  void step_done() override {}
  bool ready(uint32_t) override { return true; }
  void finish() override {}
  bool host_memory() const noexcept override { return false; }

 private:
  PtxDevice* device_;
  CheckedMemory memory_;
};

}  // namespace

void PtxDevice::execute(Memory& memory, const std::function<void()>& work) {
  struct Scope {
    PtxDevice* const before = executing;
    ~Scope() { executing = before; }
  } scope;
  executing = this;
  memory_ = &memory;
  work();
}

void PtxDevice::launch(const std::string& asked, LaunchShape shape, void* const* arguments) {
  const std::string kernel = other_kernel ? other_kernel(asked) : asked;
  for (const PtxModule& module : modules_) {
    if (!module.has(kernel)) continue;
    const std::vector<uint8_t> parameters = module.pack(kernel, arguments);
    shape.grid.x = std::min(shape.grid.x, most_blocks.x);
    shape.grid.y = std::min(shape.grid.y, most_blocks.y);
    if (only_blocks) {
      memory_->begin_launch();
      for (const Extent& block : only_blocks(kernel, shape)) {
        module.run_block(kernel, shape, block, parameters, *memory_);
      }
    } else {
      module.launch(kernel, shape, parameters, *memory_);
    }
    return;
  }
  throw PtxFault(name_ + " has no kernel " + kernel);
}

std::unique_ptr<Backend> make_ptx_backend(PtxDevice* device) { return std::make_unique<PtxBackend>(device); }

}  // namespace ds::ptx

// The linker's --wrap sends the runtime's two functions here.
extern "C" {

void __real___cudaRegisterFunction(void** image, const char* host, char* device, const char* name, int limit, void* tid,
                                   void* bid, void* block, void* grid, int* warp);

void __wrap___cudaRegisterFunction(void** image, const char* host, char* device, const char* name, int limit, void* tid,
                                   void* bid, void* block, void* grid, int* warp) {
  ds::ptx::kernel_names()[host] = name;
  __real___cudaRegisterFunction(image, host, device, name, limit, tid, bid, block, grid, warp);
}

cudaError_t __wrap_cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* kernel, void** arguments) {
  if (!ds::ptx::executing) return cudaErrorNotSupported;
  if (config->gridDim.z != 1 || config->blockDim.z != 1 || config->dynamicSmemBytes != 0) return cudaErrorInvalidValue;
  const ds::ptx::LaunchShape shape{{config->gridDim.x, config->gridDim.y}, {config->blockDim.x, config->blockDim.y}};
  ds::ptx::executing->launch(ds::ptx::kernel_names().at(kernel), shape, arguments);
  return cudaSuccess;
}
}
