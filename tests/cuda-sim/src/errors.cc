// Names are CUDA's; the texts are our own words.
#include "errors.h"

#include "simulator.h"

namespace cuda_sim {
namespace {

struct Entry {
  cudaError_t error;
  const char* name;
  const char* text;
};

#define DS_ENTRY(error, text) {error, #error, text}
const Entry kEntries[] = {
    DS_ENTRY(cudaSuccess, "no error"),
    DS_ENTRY(cudaErrorInvalidValue, "invalid argument"),
    DS_ENTRY(cudaErrorMemoryAllocation, "out of memory"),
    DS_ENTRY(cudaErrorInitializationError, "initialization error"),
    DS_ENTRY(cudaErrorInvalidConfiguration, "invalid configuration argument"),
    DS_ENTRY(cudaErrorInsufficientDriver, "the driver is older than the runtime"),
    DS_ENTRY(cudaErrorNoDevice, "no device"),
    DS_ENTRY(cudaErrorInvalidDevice, "invalid device ordinal"),
    DS_ENTRY(cudaErrorNoKernelImageForDevice, "no kernel image for the device"),
    DS_ENTRY(cudaErrorECCUncorrectable, "uncorrectable memory error"),
    DS_ENTRY(cudaErrorNvlinkUncorrectable, "uncorrectable link error"),
    DS_ENTRY(cudaErrorUnsupportedPtxVersion, "unsupported PTX version"),
    DS_ENTRY(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    DS_ENTRY(cudaErrorIllegalState, "illegal state"),
    DS_ENTRY(cudaErrorNotReady, "not ready"),
    DS_ENTRY(cudaErrorIllegalAddress, "an illegal memory access was met"),
    DS_ENTRY(cudaErrorLaunchOutOfResources, "too many resources asked for a launch"),
    DS_ENTRY(cudaErrorLaunchTimeout, "a kernel took too long"),
    DS_ENTRY(cudaErrorContextIsDestroyed, "the context is destroyed"),
    DS_ENTRY(cudaErrorAssert, "an assertion failed on the device"),
    DS_ENTRY(cudaErrorHardwareStackError, "hardware stack error"),
    DS_ENTRY(cudaErrorIllegalInstruction, "an illegal instruction was met"),
    DS_ENTRY(cudaErrorMisalignedAddress, "misaligned address"),
    DS_ENTRY(cudaErrorInvalidAddressSpace, "invalid address space"),
    DS_ENTRY(cudaErrorInvalidPc, "invalid program counter"),
    DS_ENTRY(cudaErrorLaunchFailure, "unspecified launch failure"),
    DS_ENTRY(cudaErrorTensorMemoryLeak, "tensor memory was not freed"),
    DS_ENTRY(cudaErrorNotSupported, "operation not supported"),
    DS_ENTRY(cudaErrorSystemNotReady, "system not ready"),
    DS_ENTRY(cudaErrorSystemDriverMismatch, "driver and library do not match"),
    DS_ENTRY(cudaErrorCompatNotSupportedOnDevice, "no forward compatibility on this device"),
    DS_ENTRY(cudaErrorMpsClientTerminated, "the client was terminated"),
    DS_ENTRY(cudaErrorExternalDevice, "error in an external device"),
    DS_ENTRY(cudaErrorStreamCaptureUnsupported, "not permitted while a stream is captured"),
    DS_ENTRY(cudaErrorStreamCaptureInvalidated, "an earlier error has spoilt the capture"),
    DS_ENTRY(cudaErrorStreamCaptureWrongThread, "the capture was begun by another thread"),
    DS_ENTRY(cudaErrorContained, "a contained error"),
    DS_ENTRY(cudaErrorUnknown, "unknown error"),
};
#undef DS_ENTRY

const Entry* find(cudaError_t error) {
  for (const Entry& entry : kEntries) {
    if (entry.error == error) return &entry;
  }
  return nullptr;
}

// They answer whatever happens, so there is nothing that could be made to fail.
void count(const char* call) {
  const std::lock_guard<std::mutex> lock(simulator().mutex);
  ++simulator().counts.total;
  ++simulator().counts.by_name[call];
}

}  // namespace

const char* error_name(cudaError_t error) {
  const Entry* entry = find(error);
  return entry ? entry->name : "unrecognized error code";
}

const char* error_text(cudaError_t error) {
  const Entry* entry = find(error);
  return entry ? entry->text : "unrecognized error code";
}

}  // namespace cuda_sim

using namespace cuda_sim;

const char* cudaGetErrorName(cudaError_t error) {
  count("cudaGetErrorName");
  return error_name(error);
}

const char* cudaGetErrorString(cudaError_t error) {
  count("cudaGetErrorString");
  return error_text(error);
}

cudaError_t cudaGetLastError() {
  return api("cudaGetLastError", host_thread.device, Needs::kNothing, [] {
    const cudaError_t last = host_thread.last;
    if (!host_thread.sticky) host_thread.last = cudaSuccess;
    return last;
  });
}

cudaError_t cudaPeekAtLastError() {
  return api("cudaPeekAtLastError", host_thread.device, Needs::kNothing, [] { return host_thread.last; });
}
