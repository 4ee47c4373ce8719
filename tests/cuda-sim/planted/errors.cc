// Errors on demand and of the device's own: when they come, whom they are told, and how long they stay.
#include <cuda_sim.h>

#include <algorithm>

#include "scene.h"

namespace planted {

void check_errors() {
  holds("the n-th call from now fails, once", [] {
    Scene scene;
    cuda_sim::fail_at({"", 2, cudaErrorUnknown, false});
    const bool first = cudaEventRecord(scene.event, scene.first) == cudaSuccess;
    const bool second = cudaEventQuery(scene.event) == cudaErrorUnknown;
    return first && second && cudaGetLastError() == cudaErrorUnknown && cudaGetLastError() == cudaSuccess &&
           cudaStreamSynchronize(scene.first) == cudaSuccess;
  });
  holds("the n-th call of a name fails, others do not count", [] {
    Scene scene;
    cuda_sim::fail_at({"cudaEventRecord", 2, cudaErrorUnknown, false});
    return cudaEventRecord(scene.event, scene.first) == cudaSuccess &&
           cudaEventSynchronize(scene.event) == cudaSuccess &&
           cudaEventRecord(scene.event, scene.first) == cudaErrorUnknown && cudaGetLastError() == cudaErrorUnknown &&
           cudaEventRecord(scene.event, scene.first) == cudaSuccess;
  });
  holds("a sticky failure stays until the reset", [] {
    Scene scene;
    cuda_sim::fail_at({"cudaStreamSynchronize", 1, cudaErrorLaunchFailure, true});
    int ordinal = 0;
    const bool lost = cudaStreamSynchronize(scene.first) == cudaErrorLaunchFailure &&
                      cudaGetLastError() == cudaErrorLaunchFailure &&
                      cudaGetDevice(&ordinal) == cudaErrorLaunchFailure &&
                      cudaFreeAsync(scene.x, scene.first) == cudaErrorLaunchFailure;
    return lost && !cuda_sim::reset(false) && cuda_sim::reset(true) && cudaGetDevice(&ordinal) == cudaSuccess;
  });
  holds("a kernel's fault is told by a later call, not by its launch", [] {
    int late = 0;
    for (uint64_t seed = 0; seed < 50; ++seed) {
      cuda_sim::seed(seed);
      Scene scene;
      // Throws if the launch itself fails.
      launch_fill_one_more(scene.x, Scene::kCount, 1.0f, scene.first);
      late += cudaEventQuery(scene.event) == cudaSuccess;
      if (cudaStreamSynchronize(scene.first) != cudaErrorIllegalAddress) return false;
      if (cudaEventQuery(scene.event) != cudaErrorIllegalAddress) return false;
      cuda_sim::reset(true);
    }
    return late > 5 && late < 45;
  });
  holds("a launch can be made to fail while it runs", [] {
    Scene scene;
    cuda_sim::fail_at({"kernel", 2, cudaErrorLaunchFailure, false});
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    if (cudaStreamSynchronize(scene.first) != cudaSuccess) return false;
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    return cudaStreamSynchronize(scene.first) == cudaErrorLaunchFailure && cuda_sim::faults().empty();
  });
  holds("a free that fails is not held against the host", [] {
    Scene scene;
    cuda_sim::fail_at({"cudaFreeAsync", 1, cudaErrorUnknown, false});
    return cuda_sim::live().allocations == 2 && cudaFreeAsync(scene.x, scene.first) == cudaErrorUnknown &&
           cuda_sim::live().allocations == 1;
  });
  holds("an event that is not reached says so, and is reached in the end", [] {
    int waited = 0;
    for (uint64_t seed = 0; seed < 50; ++seed) {
      cuda_sim::seed(seed);
      Scene scene;
      launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
      must(cudaEventRecord(scene.event, scene.first));
      for (cudaError_t state; (state = cudaEventQuery(scene.event)) != cudaSuccess; ++waited) {
        if (state != cudaErrorNotReady || cudaGetLastError() != cudaErrorNotReady) return false;
      }
      scene.give_back();
    }
    return waited > 0 && cuda_sim::faults().empty();
  });
  holds("every call is counted", [] {
    cuda_sim::reset_counts();
    Scene scene;
    scene.give_back();
    const cuda_sim::Counts counts = cuda_sim::counts();
    uint64_t sum = 0;
    for (const auto& [name, count] : counts.by_name) sum += count;
    return counts.total == 16 && sum == 16 && counts.by_name.at("cudaStreamCreateWithFlags") == 2 &&
           counts.by_name.at("cudaFreeAsync") == 2;
  });
  holds("what kernels read and write is counted by name and width", [] {
    cuda_sim::reset_counts();
    Scene scene;
    launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
    launch_copy4(scene.y, scene.x, Scene::kCount, scene.first);
    launch_copy4(scene.y, scene.x, Scene::kCount, scene.first);
    scene.give_back();
    using Bytes = std::map<int, uint64_t>;
    const cuda_sim::Counts counts = cuda_sim::counts();
    const cuda_sim::KernelCounts &fill = counts.kernels.at("fill_kernel"), &copy = counts.kernels.at("copy4_kernel");
    return fill.launches == 1 && fill.read == Bytes{} && fill.written == Bytes{{4, Scene::kBytes}} &&
           copy.launches == 2 && copy.read == Bytes{{16, 2 * Scene::kBytes}} &&
           copy.written == Bytes{{16, 2 * Scene::kBytes}};
  });
  holds("with one seed everything happens the same way", [] {
    std::vector<std::string> reports[2];
    for (auto& each : reports) {
      for (uint64_t seed = 0; seed < 30; ++seed) {
        cuda_sim::seed(seed);
        Scene scene;
        launch_fill(scene.y, Scene::kCount, 0.0f, scene.first);
        scene.join();
        launch_fill(scene.y, Scene::kCount, 1.0f, scene.first);
        launch_fill(scene.y, Scene::kCount, 2.0f, scene.second);
        const bool good = scene.all_are(2.0f, scene.y, scene.second);
        each.push_back(std::to_string(good) + std::to_string(cuda_sim::live().queued));
        cuda_sim::reset(true);
      }
    }
    const auto other = std::find_if(reports[0].begin(), reports[0].end(),
                                    [&](const std::string& each) { return each != reports[0][0]; });
    return other != reports[0].end() && reports[0] == reports[1];
  });
}

}  // namespace planted
