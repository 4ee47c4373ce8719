// Owners of CUDA handles: each frees what it holds, on the device that it came from.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <new>

#include "cuda_check.h"

namespace ds {

// Whether a device was ever used on this thread. Asking the runtime instead would not tell: it answers 0 before the
// first use too.
inline bool thread_has_context() noexcept {
  using GetCurrent = int (*)(void**);
  static const GetCurrent get_current = [] {
    void* found = nullptr;
#if CUDART_VERSION >= 12050
    const cudaError_t error = cudaGetDriverEntryPointByVersion("cuCtxGetCurrent", &found, 12000, cudaEnableDefault);
#else
    const cudaError_t error = cudaGetDriverEntryPoint("cuCtxGetCurrent", &found, cudaEnableDefault);
#endif
    if (!cuda_succeeded(error)) found = nullptr;
    return reinterpret_cast<GetCurrent>(found);
  }();
  void* context = nullptr;
  return get_current == nullptr || (get_current(&context) == 0 && context != nullptr);
}

// Makes a device current, and the one that this thread used before again. A thread that used none stays with the
// device: setting device 0 just to be back would make a context on it, with hundreds of megabytes.
class DeviceScope {
 public:
  explicit DeviceScope(int ordinal) {
    const char* call = "";
    const cudaError_t error = enter(ordinal, &call);
    check_cuda(error, ordinal, call, __FILE__, __LINE__);
  }
  // For destructors: after a sticky error or while the process ends there is nobody left to tell.
  DeviceScope(int ordinal, std::nothrow_t) noexcept {
    const char* call = "";
    cuda_succeeded(enter(ordinal, &call));
  }
  ~DeviceScope() {
    if (before_ >= 0) cuda_succeeded(cudaSetDevice(before_));
  }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  // `call` becomes the one that the error is of.
  cudaError_t enter(int ordinal, const char** call) noexcept {
    int current = 0;
    *call = "cudaGetDevice";
    cudaError_t error = cudaGetDevice(&current);
    if (error != cudaSuccess || current == ordinal) return error;
    const bool used = thread_has_context();
    *call = "cudaSetDevice";
    error = cudaSetDevice(ordinal);
    if (error == cudaSuccess && used) before_ = current;
    return error;
  }

  int before_ = -1;
};

class Stream {
 public:
  explicit Stream(int ordinal) : ordinal_(ordinal) {
    DS_CUDA_CHECK(ordinal, cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~Stream() {
    const DeviceScope scope(ordinal_, std::nothrow);
    cuda_succeeded(cudaStreamDestroy(stream_));
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const noexcept { return stream_; }

 private:
  const int ordinal_;
  cudaStream_t stream_ = nullptr;
};

// Waiting sleeps: a host thread that waits for data has nothing to gain from spinning.
class Event {
 public:
  explicit Event(int ordinal) : ordinal_(ordinal) {
    DS_CUDA_CHECK(ordinal, cudaEventCreateWithFlags(&event_, cudaEventDisableTiming | cudaEventBlockingSync));
  }
  ~Event() {
    const DeviceScope scope(ordinal_, std::nothrow);
    cuda_succeeded(cudaEventDestroy(event_));
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(cudaStream_t stream) { DS_CUDA_CHECK(ordinal_, cudaEventRecord(event_, stream)); }
  // Returns at once if it was never recorded.
  void wait() { DS_CUDA_CHECK(ordinal_, cudaEventSynchronize(event_)); }
  bool reached() {
    const cudaError_t state = cudaEventQuery(event_);
    if (state != cudaErrorNotReady) check_cuda(state, ordinal_, "cudaEventQuery", __FILE__, __LINE__);
    return cuda_succeeded(state);
  }

 private:
  const int ordinal_;
  cudaEvent_t event_ = nullptr;
};

// Work that was captured, not yet made ready; or null.
class Graph {
 public:
  Graph(int ordinal, cudaGraph_t graph) noexcept : ordinal_(ordinal), graph_(graph) {}
  ~Graph() {
    if (!graph_) return;
    const DeviceScope scope(ordinal_, std::nothrow);
    cuda_succeeded(cudaGraphDestroy(graph_));
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  cudaGraph_t get() const noexcept { return graph_; }

 private:
  const int ordinal_;
  const cudaGraph_t graph_;
};

// A graph that can be launched. It outlives the graph that it was made of, and may go while it is still running.
class GraphExec {
 public:
  explicit GraphExec(int ordinal) noexcept : ordinal_(ordinal) {}
  ~GraphExec() {
    if (!exec_) return;
    const DeviceScope scope(ordinal_, std::nothrow);
    cuda_succeeded(cudaGraphExecDestroy(exec_));
  }
  GraphExec(const GraphExec&) = delete;
  GraphExec& operator=(const GraphExec&) = delete;
  cudaError_t instantiate(const Graph& graph) noexcept { return cudaGraphInstantiateWithFlags(&exec_, graph.get(), 0); }
  void launch(cudaStream_t stream) { DS_CUDA_CHECK(ordinal_, cudaGraphLaunch(exec_, stream)); }

 private:
  const int ordinal_;
  cudaGraphExec_t exec_ = nullptr;
};

// Host memory that the device reads and writes directly.
class PinnedMemory {
 public:
  PinnedMemory(int ordinal, size_t bytes) : ordinal_(ordinal) {
    DS_CUDA_CHECK_ALLOCATION(ordinal, cudaHostAlloc(&data_, bytes, cudaHostAllocDefault), bytes);
  }
  ~PinnedMemory() {
    const DeviceScope scope(ordinal_, std::nothrow);
    cuda_succeeded(cudaFreeHost(data_));
  }
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;
  unsigned char* data() noexcept { return static_cast<unsigned char*>(data_); }

 private:
  const int ordinal_;
  void* data_ = nullptr;
};

class MemoryPool {
 public:
  // Keeps freed memory for the next run instead of handing it back at every wait.
  explicit MemoryPool(int ordinal) : MemoryPool(ordinal, create(ordinal)) {
    unsigned long long keep = ~0ull;
    DS_CUDA_CHECK(ordinal, cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep));
  }
  ~MemoryPool() {
    const DeviceScope scope(ordinal_, std::nothrow);
    cuda_succeeded(cudaMemPoolDestroy(pool_));
  }
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  cudaMemPool_t get() const noexcept { return pool_; }

 private:
  // The destructor runs from here on, also where the public constructor fails.
  MemoryPool(int ordinal, cudaMemPool_t pool) noexcept : ordinal_(ordinal), pool_(pool) {}
  static cudaMemPool_t create(int ordinal) {
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = ordinal;
    cudaMemPool_t pool = nullptr;
    DS_CUDA_CHECK(ordinal, cudaMemPoolCreate(&pool, &properties));
    return pool;
  }

  const int ordinal_;
  const cudaMemPool_t pool_;
};

}  // namespace ds
