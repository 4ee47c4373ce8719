// The whole simulated machine, and what every call of its API has in common.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "../include/cuda_sim.h"
#include "device_memory.h"
#include "faults.h"
#include "graphs.h"
#include "memory_pools.h"
#include "ptx_kernels.h"
#include "queues.h"

namespace cuda_sim {

struct Pinned {
  uint64_t id;
  size_t bytes;
  bool abandoned = false;
};

struct Simulator {
  Simulator();

  std::mutex mutex;
  int device_count = 1;
  uint64_t device_bytes = uint64_t{1} << 32;

  Faults faults;
  Queues queues;
  DeviceMemory memory;
  MemoryPools pools;
  Graphs graphs;
  PtxKernels ptx;
  std::map<const unsigned char*, Pinned> pinned;
  uint64_t pinned_ids = 0;
  std::map<int, cudaError_t> lost;
  std::set<int> contexts;
  // Handles that the host tried to give back and was refused.
  std::set<const void*> abandoned;

  Counts counts;
  std::vector<Failure> failures;

  // The failure that a test asked for at this call, once.
  bool due(const char* call, Failure* failure);
  void lose(int device, cudaError_t error);
  cudaError_t loss(int device) const;
  Live live() const;
  std::vector<std::string> leaks() const;
};

// Never destroyed: somebody may call until the very end of the process.
Simulator& simulator();

// What a host thread has of its own.
struct HostThread {
  int device = 0;
  bool has_context = false;
  cudaError_t last = cudaSuccess;
  bool sticky = false;
  const char* last_call = "";
  cudaStream_t captured = nullptr;  // the stream whose capture it has begun
};
extern thread_local HostThread host_thread;

enum class Needs {
  kNothing,  // answers whatever has happened to the device
  kDevice,   // answers with the loss of a device, but makes no context
  kContext,
};

// The device that a call is for: of the handle, or the current one.
inline int device_of(int ordinal) { return ordinal; }
int device_of(cudaStream_t stream);
int device_of(cudaEvent_t event);
int device_of(cudaMemPool_t pool);
int device_of(cudaGraph_t graph);
int device_of(cudaGraphExec_t exec);

// What a stream that is captured has against a call; anything else has nothing.
template <class Target>
cudaError_t capture_problem(const char*, Target) {
  return cudaSuccess;
}
cudaError_t capture_problem(const char* name, cudaStream_t stream);

// Counts the call; fails if a test wants it to or the device is lost.
cudaError_t begin_call(const char* name, int device, Needs needs);
// Keeps the error for whoever asks; lets the device get on.
cudaError_t end_call(const char* name, int device, cudaError_t error);

template <class Target, class Body>
cudaError_t api(const char* name, Target target, Needs needs, const Body& body) {
  const std::lock_guard<std::mutex> lock(simulator().mutex);
  const int device = device_of(target);
  cudaError_t error = begin_call(name, device, needs);
  if (error == cudaSuccess) error = capture_problem(name, target);
  if (error == cudaSuccess) error = body();
  return end_call(name, device, error);
}

// For calls that give something back: what cannot be is not held against the host any more.
template <class Target, class Body, class Abandon>
cudaError_t api_release(const char* name, Target target, const Body& body, const Abandon& abandon) {
  const std::lock_guard<std::mutex> lock(simulator().mutex);
  const int device = device_of(target);
  cudaError_t error = begin_call(name, device, Needs::kContext);
  if (error == cudaSuccess) error = capture_problem(name, target);
  if (error == cudaSuccess) {
    error = body();
  } else {
    abandon();
  }
  return end_call(name, device, error);
}

// Reports a use of what is not there (any more).
cudaError_t misuse(cudaError_t error, const std::string& text);

template <class Handle>
bool known(const char* call, const char* noun, Handle handle) {
  if (simulator().queues.find(handle) != nullptr) return true;
  simulator().faults.report(std::string(call) + ": " + noun + " " + hexadecimal(reinterpret_cast<uintptr_t>(handle)) +
                            (handle == nullptr                          ? " (the default one is not simulated)"
                             : simulator().queues.was_destroyed(handle) ? " was destroyed before"
                                                                        : " was never made"));
  return false;
}

}  // namespace cuda_sim
