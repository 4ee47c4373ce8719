// What CUDA offers on this machine, or why it offers nothing. Host code only.
#include "cuda_devices.h"

#include <utility>

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

void set_problem(CudaState* state, CudaProblem problem) {
  state->message = "CUDA cannot be used: " + problem.reason + ". " + problem.remedy;
  state->problem = std::move(problem);
}

}  // namespace

CudaProblem cuda_problem(int code, const char* name, int driver_version, int runtime_version) {
  const std::string error = " (CUDA error " + std::to_string(code) + ", " + name + ")";
  const char* const update = "Update the NVIDIA driver, or build again with a CUDA toolkit that this driver supports.";
  switch (code) {
    case 0:
      return {};
    case -1:
      return {"built without CUDA",
              "Install the CUDA toolkit (nvcc) and build again with `npx diffusion-samplers build`."};
    case 34:
      return {"the libcuda that was found is the CUDA toolkit's stub, which is there for linking only" + error,
              "Take the toolkit's folder of stubs off LD_LIBRARY_PATH."};
    case 35:
      if (driver_version == 0) {
        return {"no NVIDIA driver was found",
                "Install the NVIDIA driver; in a container, start it with access to the GPU."};
      }
      return {"the NVIDIA driver is too old: it supports CUDA " + version_text(driver_version) +
                  ", but this build needs CUDA " + version_text(runtime_version),
              update};
    case 36:
      return {"the NVIDIA driver lacks functions that this build needs" + error, update};
    case 100:
      return {"the NVIDIA driver is there, but shows no device",
              "Check that nvidia-smi lists the GPU and that CUDA_VISIBLE_DEVICES does not hide it."};
    case 802:
      return {"the NVIDIA driver and its services do not match, or are not ready yet" + error,
              "Check that nvidia-smi works; with NVSwitch, start nvidia-fabricmanager in the driver's own version."};
    case 803:
      return {"the NVIDIA kernel driver and the library libcuda do not match" + error,
              "Restart the machine after a driver update; in a container, use the libcuda of the host's driver."};
    case 804:
      return {"the NVIDIA kernel driver and the newer library libcuda do not match on this GPU" + error,
              "Update the NVIDIA driver, or take the cuda-compat library off LD_LIBRARY_PATH."};
    default:
      return {"CUDA could not be initialised" + error, "Check that nvidia-smi works for this user."};
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
  const std::string loss = cuda_device_loss(ordinal);
  if (!loss.empty()) throw Failure(FailureCode::kCuda, loss);
  if (error == cudaErrorMemoryAllocation) {
    const std::string what =
        allocated_bytes > 0 ? "cannot allocate " + std::to_string(allocated_bytes) + " bytes" : "out of memory";
    throw Failure(FailureCode::kOutOfMemory, what + " in " + call);
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
  CudaState state{true, 0, {}, "", 0, 0, {}};
  if (!cuda_succeeded(cudaRuntimeGetVersion(&state.runtime_version))) state.runtime_version = 0;
  if (!cuda_succeeded(cudaDriverGetVersion(&state.driver_version))) state.driver_version = 0;
  int count = 0;
  state.code = static_cast<int>(cudaGetDeviceCount(&count));
  cudaGetLastError();
  if (state.code == 0 && count == 0) state.code = cudaErrorNoDevice;
  if (state.code != 0) {
    const auto error = static_cast<cudaError_t>(state.code);
    const char* const name = cudaGetErrorName(error);
    if (is_sticky(error)) {
      set_problem(&state, {std::string("an earlier error has made CUDA unusable in this process (CUDA error ") +
                               std::to_string(state.code) + ", " + name + ")",
                           "Start a new process."});
      return state;
    }
    set_problem(&state, cuda_problem(state.code, name, state.driver_version, state.runtime_version));
    return state;
  }
  try {
    for (int ordinal = 0; ordinal < count; ++ordinal) state.devices.push_back(describe_device(ordinal));
  } catch (const Failure& failure) {
    state.code = static_cast<int>(cudaErrorUnknown);
    set_problem(&state, {std::string("a GPU cannot be asked for its properties: ") + failure.what(),
                         "Check that nvidia-smi works for this user."});
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

CudaState cuda_state() {
  CudaState state{false, -1, {}, "", 0, 0, {}};
  set_problem(&state, cuda_problem(-1, "", 0, 0));
  return state;
}

std::string cuda_device_loss(int) { return ""; }

#endif

}  // namespace ds
