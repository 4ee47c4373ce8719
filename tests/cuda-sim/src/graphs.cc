// Handles as those of streams. What a capture forbids is refused as CUDA refuses it.
#include "graphs.h"

#include <cstring>
#include <utility>

#include "simulator.h"

namespace cuda_sim {
namespace {

constexpr uintptr_t kGraphHandles = 0x80000000, kExecHandles = 0x90000000;

template <class Handle, class Each>
Each* find_in(std::map<Handle, Each>& all, Handle handle) {
  const auto found = all.find(handle);
  return found == all.end() ? nullptr : &found->second;
}

}  // namespace

cudaGraph_t Graphs::add(int device, std::vector<Operation> nodes) {
  const auto handle = reinterpret_cast<cudaGraph_t>(kGraphHandles + 16 * ++ids_);
  graphs_[handle] = Graph{ids_, device, std::move(nodes)};
  return handle;
}

cudaGraphExec_t Graphs::instantiate(const Graph& graph) {
  const auto handle = reinterpret_cast<cudaGraphExec_t>(kExecHandles + 16 * ++ids_);
  execs_[handle] = GraphExec{ids_, graph.device, graph.nodes, nullptr};
  return handle;
}

Graph* Graphs::find(cudaGraph_t handle) { return find_in(graphs_, handle); }
GraphExec* Graphs::find(cudaGraphExec_t handle) { return find_in(execs_, handle); }

void Graphs::clear() {
  graphs_.clear();
  execs_.clear();
}

bool goes_with_capture(const char* call) {
  for (const char* each : {"cudaLaunchKernelEx", "cudaMemcpyAsync", "cudaStreamBeginCapture", "cudaStreamEndCapture",
                           "cudaGetDevice", "cudaSetDevice", "cudaGetDriverEntryPointByVersion"}) {
    if (std::strcmp(each, call) == 0) return true;
  }
  return false;
}

cudaError_t spoil_capture(cudaStream_t handle) {
  const Stream* stream = simulator().queues.find(handle);
  if (stream && stream->capture) stream->capture->spoilt = true;
  return cudaErrorStreamCaptureUnsupported;
}

cudaError_t capture_problem(const char* name, cudaStream_t handle) {
  const Stream* stream = simulator().queues.find(handle);
  if (!stream || !stream->capture || stream->capture->thread == std::this_thread::get_id()) return cudaSuccess;
  if (std::strcmp(name, "cudaStreamEndCapture") == 0) return cudaErrorStreamCaptureWrongThread;
  // CUDA would let some of it become a part of the graph.
  simulator().faults.report(std::string(name) + ": stream " + std::to_string(stream->id) +
                            " is being captured by another thread");
  return spoil_capture(handle);
}

}  // namespace cuda_sim
