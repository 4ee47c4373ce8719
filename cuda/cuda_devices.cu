// What CUDA offers on this machine, or why it offers nothing. Host code only.
#include "cuda_devices.h"

#if DS_WITH_CUDA
#include <cuda_runtime_api.h>

#include <map>
#include <mutex>

#include "cuda_check.h"
#include "failure.h"
#endif

namespace ds {
namespace {

// 13000 as "13.0".
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

std::string cuda_problem(int code, int driver_version, int runtime_version) {
  switch (code) {
    case 0:
      return "";
    case -1:
      return "This build has no CUDA support. Build it on a machine with the CUDA toolkit (nvcc), or use device 'cpu'.";
    case 35:
      if (driver_version == 0) {
        return "No NVIDIA driver was found. Install the NVIDIA driver, or use device 'cpu'.";
      }
      return "The NVIDIA driver is too old: it supports CUDA " + version_text(driver_version) +
             " but this build needs CUDA " + version_text(runtime_version) +
             ". Update the NVIDIA driver, or use device 'cpu'.";
    case 100:
      return "The NVIDIA driver is installed but shows no GPU. Check nvidia-smi and CUDA_VISIBLE_DEVICES, or use "
             "device "
             "'cpu'.";
    case 802:
    case 803:
    case 804:
      return "The NVIDIA kernel driver and its user library do not match (CUDA error " + std::to_string(code) +
             "). Restart the machine after a driver update, and check that a container uses the library of its host's "
             "driver.";
    default:
      return "CUDA could not be initialised (CUDA error " + std::to_string(code) +
             "). Check that nvidia-smi works for this user, or use device 'cpu'.";
  }
}

#if DS_WITH_CUDA

namespace {

struct Losses {
  std::mutex mutex;
  std::map<int, std::string> reasons;
};

Losses& losses() {
  static Losses instance;
  return instance;
}

// After these the device's context answers every call with an error until the process ends.
bool is_sticky(cudaError_t error) {
  switch (error) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorContextIsDestroyed:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
#if CUDART_VERSION >= 12080
    case cudaErrorTensorMemoryLeak:
    case cudaErrorContained:
#endif
      return true;
    default:
      return false;
  }
}

void remember_loss(int ordinal, const std::string& reason) {
  const std::lock_guard<std::mutex> lock(losses().mutex);
  losses().reasons.emplace(ordinal, reason);
}

CudaDeviceInfo describe_device(int ordinal) {
  cudaDeviceProp properties{};
  DS_CUDA_CHECK(ordinal, cudaGetDeviceProperties(&properties, ordinal));
  return {ordinal, properties.name, properties.totalGlobalMem,
          std::to_string(properties.major) + "." + std::to_string(properties.minor)};
}

}  // namespace

void throw_cuda_failure(cudaError_t error, int ordinal, const char* call, const char* file, int line,
                        uint64_t allocated_bytes) {
  // The runtime would hand an error that is not sticky to the next, innocent caller.
  cudaGetLastError();
  if (error == cudaErrorMemoryAllocation) {
    throw Failure(FailureCode::kOutOfMemory, allocated_bytes > 0
                                                 ? "cannot allocate " + std::to_string(allocated_bytes) + " bytes"
                                                 : std::string("out of memory in ") + call);
  }
  const std::string path = file;
  const std::string message = std::string(cudaGetErrorName(error)) + " (" + std::to_string(static_cast<int>(error)) +
                              ": " + cudaGetErrorString(error) + ") from " + call + " at " +
                              path.substr(path.find_last_of('/') + 1) + ":" + std::to_string(line);
  if (ordinal >= 0 && is_sticky(error)) remember_loss(ordinal, message);
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorUnsupportedPtxVersion) {
    throw Failure(FailureCode::kCuda, message +
                                          ". This build holds no code for this GPU: build it again with this "
                                          "GPU's architecture, or use device 'cpu'");
  }
  throw Failure(FailureCode::kCuda, message);
}

CudaState cuda_state() {
  CudaState state{true, 0, "", 0, 0, {}};
  cudaRuntimeGetVersion(&state.runtime_version);
  if (cudaDriverGetVersion(&state.driver_version) != cudaSuccess) state.driver_version = 0;
  int count = 0;
  state.code = static_cast<int>(cudaGetDeviceCount(&count));
  cudaGetLastError();
  state.message = cuda_problem(state.code, state.driver_version, state.runtime_version);
  if (state.code != 0) return state;
  try {
    for (int ordinal = 0; ordinal < count; ++ordinal) state.devices.push_back(describe_device(ordinal));
  } catch (const Failure& failure) {
    state.code = static_cast<int>(cudaErrorUnknown);
    state.message = std::string("A GPU cannot be asked for its properties: ") + failure.what();
    state.devices.clear();
  }
  return state;
}

std::string cuda_device_loss(int ordinal) {
  const std::lock_guard<std::mutex> lock(losses().mutex);
  const auto found = losses().reasons.find(ordinal);
  if (found == losses().reasons.end()) return "";
  return "CUDA device " + std::to_string(ordinal) + " is unusable in this process since " + found->second +
         ". Start a new process";
}

#else

CudaState cuda_state() { return {false, -1, cuda_problem(-1, 0, 0), 0, 0, {}}; }

std::string cuda_device_loss(int) { return ""; }

#endif

}  // namespace ds
