// Streams and events.
#include "simulator.h"

using namespace cuda_sim;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return api("cudaStreamCreateWithFlags", host_thread.device, Needs::kContext, [&] {
    if (flags != cudaStreamNonBlocking) {
      return misuse(cudaErrorInvalidValue, "cudaStreamCreateWithFlags: only non-blocking streams are simulated");
    }
    *stream = simulator().queues.create_stream(host_thread.device);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return api_release(
      "cudaStreamDestroy", stream,
      [&] {
        if (!known("cudaStreamDestroy", "stream", stream)) return cudaErrorInvalidResourceHandle;
        simulator().queues.destroy(stream);
        return cudaSuccess;
      },
      [&] { simulator().abandoned.insert(stream); });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return api("cudaStreamSynchronize", stream, Needs::kContext, [&] {
    if (!known("cudaStreamSynchronize", "stream", stream)) return cudaErrorInvalidResourceHandle;
    const int device = device_of(stream);
    simulator().queues.finish(stream);
    simulator().pools.trim_all();
    return simulator().loss(device);
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return api("cudaStreamWaitEvent", stream, Needs::kContext, [&] {
    if (!known("cudaStreamWaitEvent", "stream", stream)) return cudaErrorInvalidResourceHandle;
    if (!known("cudaStreamWaitEvent", "event", event)) return cudaErrorInvalidResourceHandle;
    const auto mark = simulator().queues.find(event)->recorded;
    if (mark) simulator().queues.push(stream, {"wait for an event", [] {}, mark});
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  return api("cudaEventCreateWithFlags", host_thread.device, Needs::kContext, [&] {
    *event = simulator().queues.create_event(host_thread.device);
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return api_release(
      "cudaEventDestroy", event,
      [&] {
        if (!known("cudaEventDestroy", "event", event)) return cudaErrorInvalidResourceHandle;
        simulator().queues.destroy(event);
        return cudaSuccess;
      },
      [&] { simulator().abandoned.insert(event); });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return api("cudaEventRecord", event, Needs::kContext, [&] {
    if (!known("cudaEventRecord", "event", event)) return cudaErrorInvalidResourceHandle;
    if (!known("cudaEventRecord", "stream", stream)) return cudaErrorInvalidResourceHandle;
    if (device_of(event) != device_of(stream)) return cudaErrorInvalidResourceHandle;
    simulator().queues.record(event, stream);
    return cudaSuccess;
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return api("cudaEventQuery", event, Needs::kContext, [&] {
    if (!known("cudaEventQuery", "event", event)) return cudaErrorInvalidResourceHandle;
    const int device = device_of(event);
    const auto mark = simulator().queues.find(event)->recorded;
    if (mark && !mark->reached) simulator().queues.nudge(*mark);
    if (simulator().loss(device) != cudaSuccess) return simulator().loss(device);
    return mark == nullptr || mark->reached ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return api("cudaEventSynchronize", event, Needs::kContext, [&] {
    if (!known("cudaEventSynchronize", "event", event)) return cudaErrorInvalidResourceHandle;
    const int device = device_of(event);
    const auto mark = simulator().queues.find(event)->recorded;
    if (mark) simulator().queues.finish(*mark);
    simulator().pools.trim_all();
    return simulator().loss(device);
  });
}
