// Mistakes with captures and graphs.
#include <cuda_sim.h>

#include <functional>
#include <thread>
#include <vector>

#include "scene.h"

namespace planted {
namespace {

cudaGraphExec_t recorded(cudaStream_t stream, const std::function<void()>& queue) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  queue();
  must(cudaStreamEndCapture(stream, &graph));
  must(cudaGraphInstantiateWithFlags(&exec, graph));
  must(cudaGraphDestroy(graph));
  return exec;
}

// Ends a capture that `body` may have spoilt.
cudaError_t captured(cudaStream_t stream, const std::function<void()>& body) {
  cudaGraph_t graph = nullptr;
  must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  body();
  const cudaError_t end = cudaStreamEndCapture(stream, &graph);
  cudaGetLastError();
  if (graph) must(cudaGraphDestroy(graph));
  return end;
}

}  // namespace

void plant_in_graphs() {
  holds("what is captured is done by each launch, with the arguments of then, and not before", [] {
    Scene scene;
    float value = 1.0f;
    launch_fill(scene.x, Scene::kCount, 3.0f, scene.first);
    const cudaGraphExec_t exec = recorded(scene.first, [&] {
      launch_copy(scene.y, scene.x, Scene::kCount, scene.first);
      launch_fill(scene.x, Scene::kCount, value, scene.first);
    });
    value = 2.0f;
    bool good = scene.all_are(3.0f, scene.x, scene.first);
    must(cudaGraphLaunch(exec, scene.first));
    good = good && scene.all_are(3.0f, scene.y, scene.first) && scene.all_are(1.0f, scene.x, scene.first);
    must(cudaGraphLaunch(exec, scene.first));
    good = good && scene.all_are(1.0f, scene.y, scene.first);
    must(cudaGraphExecDestroy(exec));
    scene.give_back();
    return good && cuda_sim::live().graph_execs == 0 && cuda_sim::live().graphs == 0;
  });
  holds("a graph may go while it runs", [] {
    Scene scene;
    const cudaGraphExec_t exec = recorded(scene.first, [&] { launch_fill(scene.x, Scene::kCount, 1.0f, scene.first); });
    must(cudaGraphLaunch(exec, scene.first));
    must(cudaGraphExecDestroy(exec));
    const bool good = scene.all_are(1.0f, scene.x, scene.first);
    scene.give_back();
    return good;
  });
  holds("waiting, allocating and asking spoil a capture, and the stream is an ordinary one after it", [] {
    Scene scene;
    void* memory = nullptr;
    const std::vector<std::function<cudaError_t()>> forbidden{
        [&] { return cudaStreamSynchronize(scene.first); },
        [&] { return cudaDeviceSynchronize(); },
        [&] { return cudaEventQuery(scene.event); },
        [&] { return cudaMallocFromPoolAsync(&memory, 16, scene.pool, scene.first); },
        [&] { return cudaMemcpyAsync(scene.x, scene.out, 16, cudaMemcpyHostToDevice, scene.first); },
    };
    bool good = true;
    for (const auto& call : forbidden) {
      const cudaError_t end = captured(scene.first, [&] {
        good = good && call() == cudaErrorStreamCaptureUnsupported;
        cudaGetLastError();
      });
      good = good && end == cudaErrorStreamCaptureInvalidated;
    }
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    good = good && scene.all_are(1.0f, scene.x, scene.first);
    scene.give_back();
    return good;
  });
  holds("a capture is ended by the thread that began it, once", [] {
    Scene scene;
    cudaGraph_t graph = nullptr;
    bool good = true;
    const cudaError_t end = captured(scene.first, [&] {
      good = cudaStreamBeginCapture(scene.first, cudaStreamCaptureModeThreadLocal) == cudaErrorIllegalState;
      cudaGetLastError();
      std::thread([&] {
        good = good && cudaStreamEndCapture(scene.first, &graph) == cudaErrorStreamCaptureWrongThread;
        cudaGetLastError();
      }).join();
    });
    good = good && end == cudaSuccess && cudaStreamEndCapture(scene.first, &graph) == cudaErrorIllegalState;
    cudaGetLastError();
    scene.give_back();
    return good;
  });
  reported(
      "another thread's use of a captured stream",
      [](bool wrong) {
        Scene scene;
        launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
        const auto wait = [&] {
          std::thread([&] {
            cudaStreamSynchronize(scene.first);
            cudaGetLastError();
          }).join();
        };
        captured(scene.first, [&] {
          if (wrong) wait();
        });
        wait();
        scene.give_back();
      },
      "is being captured by another thread");
  shown("a graph in two streams at once", [](bool wrong) {
    Scene scene;
    const cudaGraphExec_t exec = recorded(scene.first, [&] { launch_fill(scene.x, Scene::kCount, 1.0f, scene.first); });
    must(cudaGraphLaunch(exec, scene.first));
    if (!wrong) must(cudaStreamSynchronize(scene.first));
    const bool launched = cudaGraphLaunch(exec, scene.second) == cudaSuccess;
    cudaGetLastError();
    return launched;
  });
  reported(
      "a graph that was destroyed",
      [](bool wrong) {
        Scene scene;
        const cudaGraphExec_t exec =
            recorded(scene.first, [&] { launch_fill(scene.x, Scene::kCount, 1.0f, scene.first); });
        if (wrong) must(cudaGraphExecDestroy(exec));
        cudaGraphLaunch(exec, scene.first);
        cudaGetLastError();
        if (!wrong) must(cudaGraphExecDestroy(exec));
        scene.give_back();
      },
      "cudaGraphLaunch: executable graph 0x");
}

}  // namespace planted
