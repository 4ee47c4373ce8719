// The stage of most mistakes: two streams, a pool, two device arrays and two pinned ones.
#pragma once

#include "planted.h"

namespace planted {

struct Scene {
  static constexpr int64_t kCount = 1000;
  static constexpr size_t kBytes = kCount * sizeof(float);

  Scene() : first(stream()), second(stream()), pool(planted::pool()) {
    x = static_cast<float*>(allocate(pool, kBytes, first));
    y = static_cast<float*>(allocate(pool, kBytes, first));
    out = pinned(kCount, 0.0f);
    must(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  }

  // Makes `second` go on only after what is queued on `first`.
  void join() {
    must(cudaEventRecord(event, first));
    must(cudaStreamWaitEvent(second, event));
  }
  void upload(const float* from) { must(cudaMemcpyAsync(x, from, kBytes, cudaMemcpyHostToDevice, first)); }
  // Whether every float of `from` has this value, once `on` has come to it.
  bool all_are(float value, const float* from, cudaStream_t on) {
    if (cudaMemcpyAsync(out, from, kBytes, cudaMemcpyDeviceToHost, on) != cudaSuccess) return false;
    if (cudaStreamSynchronize(on) != cudaSuccess) return false;
    for (int64_t i = 0; i < kCount; ++i) {
      if (out[i] != value) return false;
    }
    return true;
  }
  // The end of a scene without mistakes.
  void give_back() {
    must(cudaStreamSynchronize(first));
    must(cudaStreamSynchronize(second));
    must(cudaFreeAsync(x, first));
    must(cudaFreeAsync(y, first));
    must(cudaFreeHost(out));
    must(cudaEventDestroy(event));
    must(cudaStreamDestroy(first));
    must(cudaStreamDestroy(second));
    must(cudaMemPoolDestroy(pool));
  }

  cudaStream_t first, second;
  cudaMemPool_t pool;
  cudaEvent_t event;
  float *x, *y, *out;
};

}  // namespace planted
