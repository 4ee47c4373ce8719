// Mistakes in host code: what it reads, does not ask, frees twice or never.
#include <cuda_sim.h>

#include "scene.h"

namespace planted {

void plant_in_host_code() {
  reported(
      "a host read of device memory",
      [](bool wrong) {
        Scene scene;
        launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
        must(cudaStreamSynchronize(scene.first));
        volatile float seen = wrong ? scene.x[3] : 0.0f;
        (void)seen;
        scene.give_back();
      },
      "host code: follows a device address without load or store: 1 bytes at 0x");
  reported(
      "an unchecked error",
      [](bool wrong) {
        Scene scene;
        cuda_sim::fail_at({"cudaEventRecord", 1, cudaErrorMemoryAllocation, false});
        if (cudaEventRecord(scene.event, scene.first) != cudaSuccess && !wrong) cudaGetLastError();
        scene.give_back();
      },
      "unchecked error: cudaEventRecord returned cudaErrorMemoryAllocation, which nobody asked for before "
      "cudaStreamSynchronize");
  reported(
      "a double free",
      [](bool wrong) {
        Scene scene;
        auto* third = allocate(scene.pool, 8, scene.first);
        must(cudaFreeAsync(third, scene.first));
        if (wrong && cudaFreeAsync(third, scene.second) == cudaErrorInvalidValue) cudaGetLastError();
        scene.give_back();
      },
      "is freed a second time: allocation #3 of 8 bytes was freed on stream 1");
  reported(
      "memory used after its free",
      [](bool wrong) {
        Scene scene;
        void* third = allocate(scene.pool, Scene::kBytes, scene.first);
        if (wrong) must(cudaFreeAsync(third, scene.first));
        launch_fill(static_cast<float*>(third), Scene::kCount, 1.0f, scene.first);
        const cudaError_t error = cudaStreamSynchronize(scene.first);
        if (wrong) return;
        must(error);
        must(cudaFreeAsync(third, scene.first));
        scene.give_back();
      },
      "after the free of its memory, ");
  reported(
      "a free of no allocation",
      [](bool wrong) {
        Scene scene;
        if (wrong && cudaFreeAsync(scene.x + 1, scene.first) == cudaErrorInvalidValue) cudaGetLastError();
        scene.give_back();
      },
      "is no allocation");
  reported(
      "a double free of pinned memory",
      [](bool wrong) {
        Scene scene;
        float* more = pinned(1, 0.0f);
        must(cudaFreeHost(more));
        if (wrong && cudaFreeHost(more) == cudaErrorInvalidValue) cudaGetLastError();
        scene.give_back();
      },
      "is no pinned memory (any more)");
  reported(
      "a leak of device memory",
      [](bool wrong) {
        Scene scene;
        void* more = allocate(scene.pool, 24, scene.first);
        if (!wrong) must(cudaFreeAsync(more, scene.first));
        scene.give_back();
      },
      "never given back: allocation #3 of 24 bytes, made on stream 1");
  reported(
      "a leak of an event",
      [](bool wrong) {
        cudaEvent_t event;
        must(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
        if (!wrong) must(cudaEventDestroy(event));
      },
      "never given back: event 1");
  reported(
      "a leak of pinned memory",
      [](bool wrong) {
        float* more = pinned(3, 0.0f);
        if (!wrong) must(cudaFreeHost(more));
      },
      "never given back: pinned memory of 12 bytes");
  reported(
      "a stream used after its end",
      [](bool wrong) {
        Scene scene;
        const cudaStream_t third = stream();
        if (!wrong) must(cudaEventRecord(scene.event, third));
        must(cudaStreamDestroy(third));
        if (wrong && cudaEventRecord(scene.event, third) == cudaErrorInvalidResourceHandle) cudaGetLastError();
        scene.give_back();
      },
      "cudaEventRecord: stream 0x");
  reported(
      "the default stream",
      [](bool wrong) {
        Scene scene;
        const cudaStream_t on = wrong ? nullptr : scene.first;
        if (cudaEventRecord(scene.event, on) != cudaSuccess) cudaGetLastError();
        scene.give_back();
      },
      "the default one is not simulated");
  reported(
      "a download of memory that nothing wrote",
      [](bool wrong) {
        Scene scene;
        if (!wrong) launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
        must(cudaMemcpyAsync(scene.out, scene.x, Scene::kBytes, cudaMemcpyDeviceToHost, scene.first));
        const cudaError_t error = cudaStreamSynchronize(scene.first);
        if (wrong) return;
        must(error);
        scene.give_back();
      },
      "a copy of 4000 bytes from device to host: reads 4000 bytes at 0x");
  reported(
      "a copy of the wrong kind",
      [](bool wrong) {
        Scene scene;
        const auto kind = wrong ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice;
        if (cudaMemcpyAsync(scene.x, scene.out, Scene::kBytes, kind, scene.first) != cudaSuccess) cudaGetLastError();
        scene.give_back();
      },
      "the kind of the copy does not fit its addresses");
}

}  // namespace planted
