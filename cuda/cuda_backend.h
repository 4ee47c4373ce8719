// The backend that computes on one CUDA device: a stream for each run, memory from the device's own pool.
#pragma once

#include <memory>
#include <string>

#include "backend.h"
#include "memory_count.h"

namespace ds {

// One device of this process. Backends and buffers keep the device alive; what it keeps for later runs goes with this.
class CudaDevice {
 public:
  virtual ~CudaDevice() = default;
  virtual const std::string& name() const noexcept = 0;
  virtual const std::shared_ptr<MemoryCount>& memory() const noexcept = 0;
};

// Throws Failure(kCuda) with the reason and the remedy where there is no such device, where this build has no code for
// it, or where an earlier error has made it unusable.
std::shared_ptr<CudaDevice> open_cuda_device(int ordinal);

// For threads that work for one device alone: no call of theirs has to change the current device then.
void make_current(int ordinal) noexcept;

// A backend with its own stream. Its calls may come from any thread, one at a time.
std::unique_ptr<Backend> make_cuda_backend(const std::shared_ptr<CudaDevice>& device);

}  // namespace ds
