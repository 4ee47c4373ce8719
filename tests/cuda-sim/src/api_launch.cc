// Kernels: thread by thread over the whole grid, in an order that the seed chooses, or from PTX.
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "../include/cuda_sim_device.h"
#include "kernel_name.h"
#include "simulator.h"

using namespace cuda_sim;

uint3 threadIdx{};
uint3 blockIdx{};
dim3 blockDim;
dim3 gridDim;
cuda_sim::Accesses cuda_sim::accesses{};

namespace {

const void* running = nullptr;

std::string triple(const uint3& at) {
  return "(" + std::to_string(at.x) + "," + std::to_string(at.y) + "," + std::to_string(at.z) + ")";
}

std::string where_it_runs() {
  if (running == nullptr) return "host code";
  return "kernel " + kernel_name(running) + ", block " + triple(blockIdx) + ", thread " + triple(threadIdx);
}

uint3 place(size_t index, const dim3& shape) {
  return {static_cast<unsigned>(index % shape.x), static_cast<unsigned>(index / shape.x % shape.y),
          static_cast<unsigned>(index / shape.x / shape.y)};
}

size_t volume(const dim3& shape) { return size_t{shape.x} * shape.y * shape.z; }

// Adds what a kernel did while this stood.
struct Counting {
  explicit Counting(const void* kernel) : counts(simulator().counts.kernels[kernel_name(kernel)]) {
    ++counts.launches;
    accesses = {};
  }
  ~Counting() {
    for (int i = 0; i < kWidths; ++i) {
      if (accesses.reads[i] > 0) counts.read[1 << i] += accesses.reads[i] << i;
      if (accesses.writes[i] > 0) counts.written[1 << i] += accesses.writes[i] << i;
    }
  }
  KernelCounts& counts;
};

void run_here(const dim3& grid, const dim3& block, const std::function<void()>& thread) {
  Random& random = simulator().queues.random();
  gridDim = grid;
  blockDim = block;
  const size_t blocks = volume(grid), threads = volume(block);
  const bool blocks_backwards = random.chance(0.5), threads_backwards = random.chance(0.5);
  for (size_t b = 0; b < blocks; ++b) {
    blockIdx = place(blocks_backwards ? blocks - 1 - b : b, grid);
    for (size_t t = 0; t < threads; ++t) {
      threadIdx = place(threads_backwards ? threads - 1 - t : t, block);
      thread();
    }
  }
}

void run(const dim3& grid, const dim3& block, const KernelCall& call) {
  Simulator& sim = simulator();
  ++sim.counts.by_name["kernel"];
  Failure failure;
  if (sim.due("kernel", &failure)) throw DeviceFault{static_cast<cudaError_t>(failure.error), ""};
  struct Running {
    explicit Running(const void* kernel) { running = kernel; }
    ~Running() { running = nullptr; }
  };
  const Running scope(call.kernel);
  const Counting counting(call.kernel);
  if (sim.ptx.empty()) return run_here(grid, block, call.thread);
  const uint64_t instructions = sim.ptx.run(grid, block, call);
  ++sim.counts.ptx.launches;
  sim.counts.ptx.instructions += instructions;
}

}  // namespace

void cuda_sim::refuse_access(const void* at, size_t bytes, bool write) {
  const auto address = reinterpret_cast<uintptr_t>(at);
  const bool unaligned = address % bytes != 0;
  throw DeviceFault{unaligned ? cudaErrorMisalignedAddress : cudaErrorIllegalAddress,
                    where_it_runs() + (write ? ": writes " : ": reads ") +
                        simulator().memory.describe(address, bytes, !write, unaligned)};
}

cudaError_t cuda_sim::launch(const cudaLaunchConfig_t& config, KernelCall call) {
  return api("cudaLaunchKernelEx", config.stream, Needs::kContext, [&] {
    if (!known("cudaLaunchKernelEx", "stream", config.stream)) return cudaErrorInvalidResourceHandle;
    if (device_of(config.stream) != host_thread.device) return cudaErrorInvalidResourceHandle;
    const dim3 grid = config.gridDim, block = config.blockDim;
    const bool fits = volume(grid) > 0 && grid.x <= 0x7FFFFFFFu && grid.y <= 65535 && grid.z <= 65535 &&
                      volume(block) > 0 && volume(block) <= 1024 && block.x <= 1024 && block.y <= 1024 &&
                      block.z <= 64 && config.dynamicSmemBytes == 0;
    if (!fits) return cudaErrorInvalidConfiguration;
    simulator().queues.push(config.stream,
                            {"kernel", [grid, block, call = std::move(call)] { run(grid, block, call); }, nullptr});
    return cudaSuccess;
  });
}

namespace {

struct sigaction before;

// A device address that was followed without load and store. The process ends as it would have, but says why.
void on_segmentation_fault(int signal, siginfo_t* info, void* context) {
  if (simulator().memory.contains(info->si_addr)) {
    const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
    simulator().faults.report(where_it_runs() + ": follows a device address without load or store: " +
                              simulator().memory.describe(address, 1, false, false));
  }
  if (before.sa_flags & SA_SIGINFO) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(signal);
  sigaction(SIGSEGV, &before, nullptr);
}

struct Watch {
  Watch() {
    struct sigaction action{};
    action.sa_sigaction = on_segmentation_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, &before);
  }
} watch;

}  // namespace
