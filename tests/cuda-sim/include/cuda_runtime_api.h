// The host part of the CUDA runtime API that cuda/ uses, for the simulated device; values are those of CUDA 13.0.
#pragma once

#include <stddef.h>

#define CUDART_VERSION 13000
#define CUDA_SIM_API __attribute__((visibility("default")))

enum cudaError_t : int {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInitializationError = 3,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorECCUncorrectable = 214,
  cudaErrorNvlinkUncorrectable = 220,
  cudaErrorUnsupportedPtxVersion = 222,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorIllegalState = 401,
  cudaErrorNotReady = 600,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchOutOfResources = 701,
  cudaErrorLaunchTimeout = 702,
  cudaErrorContextIsDestroyed = 709,
  cudaErrorAssert = 710,
  cudaErrorHardwareStackError = 714,
  cudaErrorIllegalInstruction = 715,
  cudaErrorMisalignedAddress = 716,
  cudaErrorInvalidAddressSpace = 717,
  cudaErrorInvalidPc = 718,
  cudaErrorLaunchFailure = 719,
  cudaErrorTensorMemoryLeak = 721,
  cudaErrorNotSupported = 801,
  cudaErrorSystemNotReady = 802,
  cudaErrorSystemDriverMismatch = 803,
  cudaErrorCompatNotSupportedOnDevice = 804,
  cudaErrorMpsClientTerminated = 810,
  cudaErrorExternalDevice = 820,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
  cudaErrorStreamCaptureWrongThread = 908,
  cudaErrorContained = 921,
  cudaErrorUnknown = 999,
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned columns = 1, unsigned rows = 1, unsigned layers = 1) : x(columns), y(rows), z(layers) {}
};
struct uint3 {
  unsigned x, y, z;
};

// Handles are numbers that nobody can follow, so that a dead one is never mistaken for one that lives.
using cudaStream_t = struct CUstream_st*;
using cudaEvent_t = struct CUevent_st*;
using cudaMemPool_t = struct CUmemPoolHandle_st*;
using cudaGraph_t = struct CUgraph_st*;
using cudaGraphExec_t = struct CUgraphExec_st*;

constexpr unsigned cudaStreamNonBlocking = 0x01;
constexpr unsigned cudaEventBlockingSync = 0x01;
constexpr unsigned cudaEventDisableTiming = 0x02;
constexpr unsigned cudaHostAllocDefault = 0x00;
constexpr unsigned long long cudaEnableDefault = 0x00;

enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
};
enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal = 0,
  cudaStreamCaptureModeThreadLocal = 1,
  cudaStreamCaptureModeRelaxed = 2,
};
enum cudaDeviceAttr { cudaDevAttrMemoryPoolsSupported = 115 };
enum cudaMemAllocationType { cudaMemAllocationTypePinned = 1 };
enum cudaMemLocationType { cudaMemLocationTypeDevice = 1 };
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold = 4 };
enum cudaDriverEntryPointQueryResult { cudaDriverEntryPointSuccess = 0, cudaDriverEntryPointSymbolNotFound = 1 };

struct cudaMemLocation {
  cudaMemLocationType type;
  int id;
};
struct cudaMemPoolProps {
  cudaMemAllocationType allocType;
  cudaMemLocation location;
};
struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem;
  int major;
  int minor;
};
struct cudaFuncAttributes {
  int maxThreadsPerBlock;
};
struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
};

extern "C" {
CUDA_SIM_API cudaError_t cudaGetLastError();
CUDA_SIM_API cudaError_t cudaPeekAtLastError();
CUDA_SIM_API const char* cudaGetErrorName(cudaError_t error);
CUDA_SIM_API const char* cudaGetErrorString(cudaError_t error);

CUDA_SIM_API cudaError_t cudaRuntimeGetVersion(int* version);
CUDA_SIM_API cudaError_t cudaDriverGetVersion(int* version);
CUDA_SIM_API cudaError_t cudaGetDeviceCount(int* count);
CUDA_SIM_API cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int ordinal);
CUDA_SIM_API cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int ordinal);
CUDA_SIM_API cudaError_t cudaGetDevice(int* ordinal);
CUDA_SIM_API cudaError_t cudaSetDevice(int ordinal);
CUDA_SIM_API cudaError_t cudaDeviceSynchronize();

CUDA_SIM_API cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
CUDA_SIM_API cudaError_t cudaStreamDestroy(cudaStream_t stream);
CUDA_SIM_API cudaError_t cudaStreamSynchronize(cudaStream_t stream);
CUDA_SIM_API cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
CUDA_SIM_API cudaError_t cudaEventDestroy(cudaEvent_t event);
CUDA_SIM_API cudaError_t cudaEventQuery(cudaEvent_t event);
CUDA_SIM_API cudaError_t cudaEventSynchronize(cudaEvent_t event);

CUDA_SIM_API cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
CUDA_SIM_API cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
CUDA_SIM_API cudaError_t cudaGraphDestroy(cudaGraph_t graph);
CUDA_SIM_API cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);
CUDA_SIM_API cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);

CUDA_SIM_API cudaError_t cudaFreeHost(void* pointer);
CUDA_SIM_API cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties);
CUDA_SIM_API cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool);
CUDA_SIM_API cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
CUDA_SIM_API cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t keep);
CUDA_SIM_API cudaError_t cudaMallocFromPoolAsync(void** pointer, size_t bytes, cudaMemPool_t pool, cudaStream_t stream);
CUDA_SIM_API cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream);
CUDA_SIM_API cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                                         cudaStream_t stream);

CUDA_SIM_API cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel);
}

// These have default arguments, as CUDA's have.
CUDA_SIM_API cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr);
CUDA_SIM_API cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
CUDA_SIM_API cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec, cudaGraph_t graph,
                                                       unsigned long long flags = 0);
CUDA_SIM_API cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned flags);
CUDA_SIM_API cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** found, unsigned version,
                                                          unsigned long long flags,
                                                          cudaDriverEntryPointQueryResult* result = nullptr);
