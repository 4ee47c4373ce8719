// Mistakes in kernels: what they reach, and how.
#include "scene.h"

namespace planted {
namespace {

// After a fault every call fails, so nothing is given back then.
void end(Scene* scene, bool wrong) {
  const cudaError_t error = cudaStreamSynchronize(scene->first);
  if (!wrong) {
    must(error);
    scene->give_back();
  }
}

}  // namespace

void plant_in_kernels() {
  reported(
      "an off-by-one in the tail",
      [](bool wrong) {
        Scene scene;
        (wrong ? launch_fill_one_more : launch_fill)(scene.x, Scene::kCount, 1.0f, scene.first);
        end(&scene, wrong);
      },
      "outside of all allocations, 0 bytes past the end of allocation #1 (4000 bytes");
  reported(
      "the kernel and the thread of a fault",
      [](bool wrong) {
        Scene scene;
        (wrong ? launch_fill_one_more : launch_fill)(scene.x, Scene::kCount, 1.0f, scene.first);
        end(&scene, wrong);
      },
      "cuda-sim: kernel fill_one_more_kernel, block (" + std::to_string(Scene::kCount / threads_of_block()) +
          ",0,0), thread (" + std::to_string(Scene::kCount % threads_of_block()) + ",0,0): writes 4 bytes at 0x");
  reported(
      "a misaligned access",
      [](bool wrong) {
        Scene scene;
        launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
        launch_copy4(scene.y, scene.x + (wrong ? 1 : 0), Scene::kCount - 4, scene.first);
        end(&scene, wrong);
      },
      ": reads 16 bytes at 0x");
  reported(
      "a misaligned access is called so",
      [](bool wrong) {
        Scene scene;
        launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
        launch_copy4(scene.y, scene.x + (wrong ? 1 : 0), Scene::kCount - 4, scene.first);
        end(&scene, wrong);
      },
      "not aligned to their width, ");
  reported(
      "a read of memory that nothing wrote",
      [](bool wrong) {
        Scene scene;
        launch_fill(scene.x, Scene::kCount - (wrong ? 1 : 0), 1.0f, scene.first);
        launch_copy(scene.y, scene.x, Scene::kCount, scene.first);
        end(&scene, wrong);
      },
      "of which byte 0 was never written, 3996 bytes into allocation #1");
  reported(
      "a copy does not make memory written",
      [](bool wrong) {
        Scene scene;
        launch_fill(scene.x, Scene::kCount - (wrong ? 1 : 0), 1.0f, scene.first);
        must(cudaMemcpyAsync(scene.y, scene.x, Scene::kBytes, cudaMemcpyDeviceToDevice, scene.first));
        launch_copy(scene.x, scene.y, Scene::kCount, scene.first);
        end(&scene, wrong);
      },
      "of which byte 0 was never written, 3996 bytes into allocation #2");
  reported(
      "a kernel that follows a pointer itself",
      [](bool wrong) {
        Scene scene;
        launch_fill(scene.x, Scene::kCount, 1.0f, scene.first);
        if (wrong) {
          launch_without_load(scene.y, scene.x, scene.first);
        } else {
          launch_copy(scene.y, scene.x, 1, scene.first);
        }
        end(&scene, wrong);
      },
      "): follows a device address without load or store: 1 bytes at 0x");
  shown("a race between the threads of one launch", [](bool wrong) {
    Scene scene;
    if (wrong) {
      launch_race(scene.x, Scene::kCount, scene.first);
    } else {
      launch_fill(scene.x, Scene::kCount, Scene::kCount - 1, scene.first);
    }
    must(cudaMemcpyAsync(scene.out, scene.x, sizeof(float), cudaMemcpyDeviceToHost, scene.first));
    must(cudaStreamSynchronize(scene.first));
    return scene.out[0] == Scene::kCount - 1;
  });
}

}  // namespace planted
