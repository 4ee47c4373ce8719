// Where a run computes: memory, the combine pass and pacing, on one CUDA stream or on the CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "combine_args.h"
#include "mixture.h"
#include "recorder.h"
#include "status.h"

namespace ds {

// Counts the bytes of one device; shared by its backends and tensors.
struct MemoryCount;

// Owns one allocation. Move-only; freed in the order of the stream it came from.
class Buffer {
 public:
  Buffer() = default;
  virtual ~Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  virtual void* data() noexcept = 0;
  virtual size_t bytes() const noexcept = 0;
};
using BufferPtr = std::unique_ptr<Buffer>;

// How far the host may run ahead of the device.
constexpr uint32_t kStepsAhead = 2;

// One run's view of its device. All calls come from one executor thread at a time, in order.
class Backend {
 public:
  virtual ~Backend() = default;
  // Uninitialised memory; throws OutOfMemory with the byte count.
  virtual BufferPtr allocate(size_t bytes) = 0;
  // Host to device; `from` may be reused when the call returns.
  virtual void upload(void* to, const void* from, size_t bytes) = 0;
  // Device to host; waits until the bytes are there.
  virtual void download(void* to, const void* from, size_t bytes) = 0;
  virtual void copy(void* to, const void* from, size_t bytes) = 0;
  virtual void combine(const CombineArgs& args) = 0;
  virtual void mixture(const MixtureArgs& args) = 0;
  // Marks the end of a step. Never waits.
  virtual void step_done() = 0;
  // Whether all but the last `ahead` of the steps marked so far have ended; `ahead` is at most kStepsAhead. Never
  // waits.
  virtual bool ready(uint32_t ahead) = 0;
  // Waits until all queued work has ended, and throws what it left behind.
  virtual void finish() = 0;
  // True where pointers of this backend can be read and written by the host.
  virtual bool host_memory() const noexcept = 0;
  // Null where steps cannot be recorded.
  virtual Recorder* recorder() noexcept { return nullptr; }
};

}  // namespace ds
