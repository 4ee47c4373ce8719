// Pools, devices and launches: the limits that a device has.
#include <cuda_sim.h>

#include <algorithm>

#include "scene.h"

namespace planted {

void check_memory() {
  holds("a device's memory runs out", [] {
    if (!cuda_sim::set_memory(8192)) return false;
    Scene scene;
    void* more = nullptr;
    const bool full = cudaMallocFromPoolAsync(&more, 1, scene.pool, scene.first) == cudaErrorMemoryAllocation;
    return full && cudaGetLastError() == cudaErrorMemoryAllocation && cuda_sim::live().reserved_bytes == 8192;
  });
  holds("what is freed on another stream helps once that stream has come to it", [] {
    cuda_sim::set_memory(8192);
    Scene scene;
    must(cudaFreeAsync(scene.x, scene.first));
    void* more = nullptr;
    must(cudaStreamSynchronize(scene.first));
    return cudaMallocFromPoolAsync(&more, 4000, scene.pool, scene.second) == cudaSuccess;
  });
  holds("what a pool keeps comes back by trimming", [] {
    cuda_sim::set_memory(8192);
    Scene scene;
    unsigned long long keep = ~0ull;
    must(cudaMemPoolSetAttribute(scene.pool, cudaMemPoolAttrReleaseThreshold, &keep));
    must(cudaFreeAsync(scene.x, scene.first));
    must(cudaFreeAsync(scene.y, scene.first));
    must(cudaStreamSynchronize(scene.first));
    void* more = nullptr;
    // Two pieces of half the size.
    if (cudaMallocFromPoolAsync(&more, 8000, scene.pool, scene.first) != cudaErrorMemoryAllocation) return false;
    cudaGetLastError();
    must(cudaMemPoolTrimTo(scene.pool, 0));
    return cuda_sim::live().reserved_bytes == 0 &&
           cudaMallocFromPoolAsync(&more, 8000, scene.pool, scene.first) == cudaSuccess;
  });
  holds("a pool that is destroyed lives as long as its memory", [] {
    Scene scene;
    must(cudaMemPoolDestroy(scene.pool));
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    must(cudaFreeAsync(scene.x, scene.first));
    must(cudaFreeAsync(scene.y, scene.first));
    must(cudaStreamSynchronize(scene.first));
    return cuda_sim::live().reserved_bytes == 0 && cuda_sim::faults().empty();
  });
  holds("addresses keep CUDA's alignment and no more", [] {
    Scene scene;
    return reinterpret_cast<uintptr_t>(scene.x) % 512 == 256 && reinterpret_cast<uintptr_t>(scene.y) % 512 == 256;
  });
  holds("addresses come again only when all were used", [] {
    // Fewer than there are: each byte of them is touched.
    const size_t large = size_t{1} << 24;
    if (!cuda_sim::set_addresses(16 * large)) return false;
    Scene scene;
    std::vector<uintptr_t> begins;
    for (int i = 0; i < 18; ++i) {
      void* more = allocate(scene.pool, large, scene.first);
      begins.push_back(reinterpret_cast<uintptr_t>(more));
      must(cudaFreeAsync(more, scene.first));
    }
    const bool none_before = std::is_sorted(begins.begin(), begins.begin() + 15);
    const bool some_after = !std::is_sorted(begins.begin(), begins.end());
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    return none_before && some_after && scene.all_are(1.0f, scene.x, scene.first) && cuda_sim::faults().empty();
  });
  holds("there may be no device, or two", [] {
    int count = 5;
    if (!cuda_sim::set_device_count(0) || cudaGetDeviceCount(&count) != cudaErrorNoDevice) return false;
    cudaGetLastError();
    if (!cuda_sim::set_device_count(2) || cudaGetDeviceCount(&count) != cudaSuccess || count != 2) return false;
    Scene scene;
    must(cudaSetDevice(1));
    cudaEvent_t event;
    must(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    return cudaEventRecord(event, scene.first) == cudaErrorInvalidResourceHandle && cuda_sim::contexts().size() == 2;
  });
  holds("a device that is lost leaves the other one", [] {
    cuda_sim::set_device_count(2);
    Scene scene;
    must(cudaSetDevice(1));
    const cudaStream_t other = stream();
    cuda_sim::fail_at({"cudaStreamSynchronize", 1, cudaErrorIllegalAddress, true});
    return cudaStreamSynchronize(scene.first) == cudaErrorIllegalAddress && cudaStreamSynchronize(other) == cudaSuccess;
  });
}

}  // namespace planted
