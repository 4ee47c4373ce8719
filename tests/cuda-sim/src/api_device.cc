// Devices: how many, which one is current, and what they are.
#include <cstring>

#include "simulator.h"

using namespace cuda_sim;

namespace {

bool exists(int ordinal) { return ordinal >= 0 && ordinal < simulator().device_count; }

// A function of the driver, which the runtime hands out.
int current_context(void** context) {
  return static_cast<int>(api("cuCtxGetCurrent", host_thread.device, Needs::kNothing, [&] {
    *context =
        host_thread.has_context ? reinterpret_cast<void*>(uintptr_t{0x70000000} + 16 * host_thread.device) : nullptr;
    return cudaSuccess;
  }));
}

}  // namespace

cudaError_t cudaRuntimeGetVersion(int* version) {
  return api("cudaRuntimeGetVersion", host_thread.device, Needs::kNothing, [&] {
    *version = CUDART_VERSION;
    return cudaSuccess;
  });
}

cudaError_t cudaDriverGetVersion(int* version) {
  return api("cudaDriverGetVersion", host_thread.device, Needs::kNothing, [&] {
    *version = CUDART_VERSION;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceCount(int* count) {
  return api("cudaGetDeviceCount", host_thread.device, Needs::kDevice, [&] {
    *count = simulator().device_count;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int ordinal) {
  return api("cudaGetDeviceProperties", ordinal, Needs::kDevice, [&] {
    if (!exists(ordinal)) return cudaErrorInvalidDevice;
    *properties = cudaDeviceProp{"Simulated CUDA device", simulator().device_bytes, 9, 0};
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int ordinal) {
  return api("cudaDeviceGetAttribute", ordinal, Needs::kDevice, [&] {
    if (!exists(ordinal)) return cudaErrorInvalidDevice;
    if (attribute != cudaDevAttrMemoryPoolsSupported) return cudaErrorInvalidValue;
    *value = 1;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDevice(int* ordinal) {
  return api("cudaGetDevice", host_thread.device, Needs::kDevice, [&] {
    *ordinal = host_thread.device;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int ordinal) {
  return api("cudaSetDevice", ordinal, Needs::kContext, [&] {
    if (!exists(ordinal)) return cudaErrorInvalidDevice;
    host_thread.device = ordinal;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return api("cudaDeviceSynchronize", host_thread.device, Needs::kContext, [] {
    simulator().queues.finish_device(host_thread.device);
    simulator().pools.trim_all();
    return simulator().loss(host_thread.device);
  });
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** found, unsigned, unsigned long long,
                                             cudaDriverEntryPointQueryResult* result) {
  return api("cudaGetDriverEntryPointByVersion", host_thread.device, Needs::kDevice, [&] {
    const bool there = std::strcmp(symbol, "cuCtxGetCurrent") == 0;
    *found = there ? reinterpret_cast<void*>(&current_context) : nullptr;
    if (result) *result = there ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
    return cudaSuccess;
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel) {
  return api("cudaFuncGetAttributes", host_thread.device, Needs::kContext, [&] {
    if (kernel == nullptr) return cudaErrorInvalidValue;
    attributes->maxThreadsPerBlock = 1024;
    return cudaSuccess;
  });
}
