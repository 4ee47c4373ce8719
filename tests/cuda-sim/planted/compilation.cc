// What kernels may not use before it is simulated.
#include "planted.h"

namespace planted {

void check_compilation() {
  const auto kernel = [](const std::string& line) {
    return "template <class T> __global__ void __launch_bounds__(256) kernel(T* to) {\n" + line + "\n}\n";
  };
  const std::string plain = kernel("cuda_sim::store(to + threadIdx.x, cuda_sim::load(to));");
  for (const std::string line : {"__syncthreads();", "__shared__ T shared[32];", "T x = __shfl_sync(~0u, T{}, 0);",
                                 "__syncwarp();", "T x = __shfl_down_sync(~0u, T{}, 1);"}) {
    refused("does not compile: " + line, kernel(line), plain, "poisoned");
  }
}

}  // namespace planted
