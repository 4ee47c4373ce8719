// Stream-ordered device memory, and its pools.
#include <cstring>

#include "simulator.h"

using namespace cuda_sim;

namespace {

bool pool_known(const char* call, cudaMemPool_t pool) {
  if (simulator().pools.find(pool) != nullptr) return true;
  simulator().faults.report(std::string(call) + ": memory pool " + hexadecimal(reinterpret_cast<uintptr_t>(pool)) +
                            (simulator().pools.was_destroyed(pool) ? " was destroyed before" : " was never made"));
  return false;
}

}  // namespace

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  return api("cudaMemPoolCreate", properties->location.id, Needs::kContext, [&] {
    const int device = properties->location.id;
    if (properties->allocType != cudaMemAllocationTypePinned) return cudaErrorInvalidValue;
    if (properties->location.type != cudaMemLocationTypeDevice) return cudaErrorInvalidValue;
    if (device < 0 || device >= simulator().device_count) return cudaErrorInvalidValue;
    *pool = simulator().pools.create(device);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  return api_release(
      "cudaMemPoolDestroy", pool,
      [&] {
        if (!pool_known("cudaMemPoolDestroy", pool)) return cudaErrorInvalidValue;
        simulator().pools.destroy(pool);
        return cudaSuccess;
      },
      [&] {
        if (MemoryPool* given_up = simulator().pools.find(pool)) given_up->abandoned = true;
      });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return api("cudaMemPoolSetAttribute", pool, Needs::kContext, [&] {
    if (!pool_known("cudaMemPoolSetAttribute", pool)) return cudaErrorInvalidValue;
    if (attribute != cudaMemPoolAttrReleaseThreshold) return cudaErrorInvalidValue;
    std::memcpy(&simulator().pools.find(pool)->keep, value, sizeof(unsigned long long));
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t keep) {
  return api("cudaMemPoolTrimTo", pool, Needs::kContext, [&] {
    if (!pool_known("cudaMemPoolTrimTo", pool)) return cudaErrorInvalidValue;
    simulator().pools.trim(simulator().pools.find(pool), keep);
    return cudaSuccess;
  });
}

cudaError_t cudaMallocFromPoolAsync(void** pointer, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  return api("cudaMallocFromPoolAsync", stream, Needs::kContext, [&] {
    Simulator& sim = simulator();
    if (!known("cudaMallocFromPoolAsync", "stream", stream)) return cudaErrorInvalidResourceHandle;
    if (!pool_known("cudaMallocFromPoolAsync", pool)) return cudaErrorInvalidValue;
    if (bytes == 0 || device_of(pool) != device_of(stream)) return cudaErrorInvalidValue;
    const uint64_t id = sim.queues.find(stream)->id;
    if (!sim.pools.take(pool, bytes, id, sim.device_bytes)) return cudaErrorMemoryAllocation;
    Allocation* made = sim.memory.allocate(bytes, &sim.queues.random());
    if (made == nullptr) {
      // Addresses that are free but whose end has not come are in the way.
      sim.queues.finish_device(device_of(stream));
      made = sim.memory.allocate(bytes, &sim.queues.random());
    }
    if (made == nullptr) {
      sim.pools.give_back(pool, bytes, 0, id);
      sim.pools.free_executed(pool, 0);
      return cudaErrorMemoryAllocation;
    }
    made->pool = pool;
    made->stream = id;
    sim.queues.push(stream, {"allocation", [made] { simulator().memory.arrive(made); }, nullptr});
    *pointer = reinterpret_cast<void*>(made->begin);
    return cudaSuccess;
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  return api_release(
      "cudaFreeAsync", stream,
      [&] {
        Simulator& sim = simulator();
        if (!known("cudaFreeAsync", "stream", stream)) return cudaErrorInvalidResourceHandle;
        Allocation* allocation = sim.memory.find(pointer);
        const std::string address = "cudaFreeAsync: " + hexadecimal(reinterpret_cast<uintptr_t>(pointer));
        if (allocation == nullptr) return misuse(cudaErrorInvalidValue, address + " is no allocation");
        if (allocation->freed_on != 0) {
          return misuse(cudaErrorInvalidValue, address + " is freed a second time: allocation #" +
                                                   std::to_string(allocation->id) + " of " +
                                                   std::to_string(allocation->bytes) + " bytes was freed on stream " +
                                                   std::to_string(allocation->freed_on));
        }
        const uint64_t id = sim.queues.find(stream)->id;
        allocation->freed_on = id;
        sim.pools.give_back(allocation->pool, allocation->bytes, allocation->id, id);
        const auto free = [allocation] {
          if (!allocation->arrived) {
            throw DeviceFault{cudaErrorIllegalAddress, "allocation #" + std::to_string(allocation->id) +
                                                           " is freed before it was there in stream order"};
          }
          simulator().memory.leave(allocation);
          simulator().pools.free_executed(allocation->pool, allocation->id);
        };
        sim.queues.push(stream, {"free", free, nullptr});
        return cudaSuccess;
      },
      [&] {
        if (Allocation* allocation = simulator().memory.find(pointer)) allocation->abandoned = true;
      });
}
