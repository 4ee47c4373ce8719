// Captures of streams, and the graphs that they become.
#include "simulator.h"

using namespace cuda_sim;

namespace {

void end_capture(cudaStream_t handle) {
  Stream* stream = simulator().queues.find(handle);
  if (stream) stream->capture.reset();
  if (host_thread.captured == handle) host_thread.captured = nullptr;
}

template <class Handle>
bool graph_known(const char* call, const char* noun, Handle handle) {
  if (simulator().graphs.find(handle) != nullptr) return true;
  simulator().faults.report(std::string(call) + ": " + noun + " " + hexadecimal(reinterpret_cast<uintptr_t>(handle)) +
                            " is not there (any more)");
  return false;
}

}  // namespace

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  return api("cudaStreamBeginCapture", handle, Needs::kContext, [&] {
    if (!known("cudaStreamBeginCapture", "stream", handle)) return cudaErrorInvalidResourceHandle;
    if (mode != cudaStreamCaptureModeThreadLocal) {
      return misuse(cudaErrorInvalidValue, "cudaStreamBeginCapture: only captures of one thread are simulated");
    }
    if (host_thread.captured != nullptr) return cudaErrorIllegalState;
    simulator().queues.find(handle)->capture =
        std::make_shared<Capture>(Capture{std::this_thread::get_id(), false, {}});
    host_thread.captured = handle;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  *graph = nullptr;
  return api_release(
      "cudaStreamEndCapture", handle,
      [&] {
        if (!known("cudaStreamEndCapture", "stream", handle)) return cudaErrorInvalidResourceHandle;
        Stream* stream = simulator().queues.find(handle);
        if (!stream->capture) return cudaErrorIllegalState;
        const std::shared_ptr<Capture> capture = stream->capture;
        end_capture(handle);
        if (capture->spoilt) return cudaErrorStreamCaptureInvalidated;
        *graph = simulator().graphs.add(stream->device, capture->nodes);
        return cudaSuccess;
      },
      [&] {
        if (host_thread.captured == handle) end_capture(handle);
      });
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags) {
  return api("cudaGraphInstantiateWithFlags", graph, Needs::kContext, [&] {
    if (!graph_known("cudaGraphInstantiateWithFlags", "graph", graph)) return cudaErrorInvalidValue;
    if (flags != 0) return cudaErrorInvalidValue;
    *exec = simulator().graphs.instantiate(*simulator().graphs.find(graph));
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return api_release(
      "cudaGraphDestroy", graph,
      [&] {
        if (!graph_known("cudaGraphDestroy", "graph", graph)) return cudaErrorInvalidValue;
        simulator().graphs.destroy(graph);
        return cudaSuccess;
      },
      [&] { simulator().abandoned.insert(graph); });
}

// What was launched is still executed.
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  return api_release(
      "cudaGraphExecDestroy", exec,
      [&] {
        if (!graph_known("cudaGraphExecDestroy", "executable graph", exec)) return cudaErrorInvalidValue;
        simulator().graphs.destroy(exec);
        return cudaSuccess;
      },
      [&] { simulator().abandoned.insert(exec); });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t handle, cudaStream_t stream) {
  return api("cudaGraphLaunch", stream, Needs::kContext, [&] {
    Simulator& sim = simulator();
    if (!known("cudaGraphLaunch", "stream", stream)) return cudaErrorInvalidResourceHandle;
    if (!graph_known("cudaGraphLaunch", "executable graph", handle)) return cudaErrorInvalidValue;
    GraphExec& exec = *sim.graphs.find(handle);
    if (exec.device != device_of(stream)) return cudaErrorInvalidResourceHandle;
    if (exec.last && !exec.last->reached && exec.last->stream != stream) {
      return misuse(cudaErrorInvalidValue,
                    "cudaGraphLaunch: executable graph " + std::to_string(exec.id) + " still runs on another stream");
    }
    for (const Operation& node : exec.nodes) sim.queues.push(stream, node);
    auto end = std::make_shared<Mark>(Mark{false, stream});
    sim.queues.push(stream, {"end of a graph", [end] { end->reached = true; }, nullptr});
    exec.last = end;
    return cudaSuccess;
  });
}
