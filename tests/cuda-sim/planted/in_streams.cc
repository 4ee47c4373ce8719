// Mistakes in the order of things: between streams, and between the device and the host.
#include <algorithm>
#include <vector>

#include "scene.h"

namespace planted {

void plant_in_streams() {
  shown("a missing event wait", [](bool wrong) {
    Scene scene;
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    if (!wrong) scene.join();
    launch_copy(scene.y, scene.x, Scene::kCount, scene.second);
    return scene.all_are(1.0f, scene.y, scene.second);
  });
  shown("a missing event wait before memory is written again", [](bool wrong) {
    Scene scene;
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    launch_fill(scene.y, Scene::kCount, 0.0f, scene.first);
    scene.join();
    launch_copy(scene.y, scene.x, Scene::kCount, scene.second);
    if (!wrong) {
      must(cudaEventRecord(scene.event, scene.second));
      must(cudaStreamWaitEvent(scene.first, scene.event));
    }
    launch_fill(scene.x, Scene::kCount, 2.0f, scene.first);
    return scene.all_are(1.0f, scene.y, scene.second);
  });
  shown("memory used before its allocation is ordered", [](bool wrong) {
    Scene scene;
    must(cudaStreamSynchronize(scene.first));
    auto* late = static_cast<float*>(allocate(scene.pool, Scene::kBytes, scene.first));
    if (!wrong) scene.join();
    launch_fill(late, Scene::kCount, 1.0f, scene.second);
    return scene.all_are(1.0f, late, scene.second);
  });
  shown("memory used after its free is ordered", [](bool wrong) {
    Scene scene;
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    scene.join();
    launch_copy(scene.y, scene.x, Scene::kCount, scene.second);
    if (!wrong) {
      must(cudaEventRecord(scene.event, scene.second));
      must(cudaStreamWaitEvent(scene.first, scene.event));
    }
    must(cudaFreeAsync(scene.x, scene.first));
    return scene.all_are(1.0f, scene.y, scene.second);
  });
  shown("a host buffer that is written again too early", [](bool wrong) {
    Scene scene;
    float* from = pinned(Scene::kCount, 1.0f);
    scene.upload(from);
    if (!wrong) must(cudaStreamSynchronize(scene.first));
    std::fill(from, from + Scene::kCount, 2.0f);
    return scene.all_are(1.0f, scene.x, scene.first);
  });
  shown("a host buffer that is freed too early", [](bool wrong) {
    Scene scene;
    float* from = pinned(Scene::kCount, 1.0f);
    scene.upload(from);
    if (!wrong) must(cudaStreamSynchronize(scene.first));
    must(cudaFreeHost(from));
    launch_fill(scene.y, Scene::kCount, 1.0f, scene.first);
    return scene.all_are(1.0f, scene.y, scene.first);
  });
  shown("pageable memory that is written again too early", [](bool wrong) {
    Scene scene;
    std::vector<float> from(Scene::kCount, 1.0f);
    scene.upload(from.data());
    if (!wrong) must(cudaStreamSynchronize(scene.first));
    std::fill(from.begin(), from.end(), 2.0f);
    return scene.all_are(1.0f, scene.x, scene.first);
  });
  shown("a result that is read before it is there", [](bool wrong) {
    Scene scene;
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    must(cudaMemcpyAsync(scene.out, scene.x, Scene::kBytes, cudaMemcpyDeviceToHost, scene.first));
    must(cudaEventRecord(scene.event, scene.first));
    if (!wrong) must(cudaEventSynchronize(scene.event));
    return scene.out[Scene::kCount - 1] == 1.0f;
  });
}

}  // namespace planted
