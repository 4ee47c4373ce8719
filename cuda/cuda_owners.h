// Owners of CUDA handles: each frees what it holds, on the device that it came from.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "cuda_check.h"

namespace ds {

// Makes a device current, and the one that was current before again.
class DeviceScope {
 public:
  explicit DeviceScope(int ordinal) {
    DS_CUDA_CHECK(cudaGetDevice(&before_));
    if (before_ != ordinal) DS_CUDA_CHECK(cudaSetDevice(ordinal));
    changed_ = before_ != ordinal;
  }
  ~DeviceScope() {
    if (changed_) cudaSetDevice(before_);
  }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

class Stream {
 public:
  Stream() { DS_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const noexcept { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

// Waiting sleeps: a host thread that is two steps ahead has nothing to gain from spinning.
class Event {
 public:
  Event() { DS_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming | cudaEventBlockingSync)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(cudaStream_t stream) { DS_CUDA_CHECK(cudaEventRecord(event_, stream)); }
  // Returns at once if it was never recorded.
  void wait() { DS_CUDA_CHECK(cudaEventSynchronize(event_)); }

 private:
  cudaEvent_t event_ = nullptr;
};

// Host memory that the device reads and writes directly.
class PinnedMemory {
 public:
  explicit PinnedMemory(size_t bytes) {
    DS_CUDA_CHECK_ALLOCATION(cudaHostAlloc(&data_, bytes, cudaHostAllocDefault), bytes);
  }
  ~PinnedMemory() { cudaFreeHost(data_); }
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;
  unsigned char* data() noexcept { return static_cast<unsigned char*>(data_); }

 private:
  void* data_ = nullptr;
};

class MemoryPool {
 public:
  // Keeps freed memory for the next run instead of handing it back at every wait.
  explicit MemoryPool(int ordinal) {
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = ordinal;
    DS_CUDA_CHECK(cudaMemPoolCreate(&pool_, &properties));
    unsigned long long keep = ~0ull;
    const cudaError_t error = cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep);
    if (error != cudaSuccess) cudaMemPoolDestroy(pool_);
    check_cuda(error, "cudaMemPoolSetAttribute", __FILE__, __LINE__);
  }
  ~MemoryPool() { cudaMemPoolDestroy(pool_); }
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  cudaMemPool_t get() const noexcept { return pool_; }

 private:
  cudaMemPool_t pool_ = nullptr;
};

}  // namespace ds
