// What tests ask of the simulated device, and tell it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cuda_runtime_api.h"

namespace cuda_sim {

// What one kernel has done.
struct KernelCounts {
  uint64_t launches = 0;
  // Bytes by the width of the access, 1 to 16: loads of a tile are wide, those of coefficients are not.
  std::map<int, uint64_t> read, written;
};

struct Counts {
  uint64_t total = 0;
  std::map<std::string, uint64_t> by_name;  // "kernel" counts launches that were executed, and is not in the total
  std::map<std::string, KernelCounts> kernels;
  struct {
    uint64_t launches = 0, instructions = 0;
  } ptx;  // what was executed from PTX
};

// What the host has made and not given back.
struct Live {
  uint64_t device_bytes = 0, allocations = 0;
  uint64_t pinned_bytes = 0, pinned = 0;
  uint64_t streams = 0, events = 0, pools = 0;
  uint64_t graphs = 0, graph_execs = 0;
  uint64_t reserved_bytes = 0;  // by pools, given back by the host or not
  uint64_t queued = 0;          // operations that have not been executed
  bool nothing_held() const { return allocations + pinned + streams + events + pools + graphs + graph_execs == 0; }
};

struct Failure {
  std::string call;  // empty: any; "kernel": the execution of a launch, which tells later
  uint64_t n = 1;    // 1 is the next one
  int error = cudaErrorUnknown;
  bool sticky = false;
};

// Chooses the order of all that follows: of streams, of blocks and threads, and how late the device is.
CUDA_SIM_API void seed(uint64_t value);
CUDA_SIM_API Counts counts();
CUDA_SIM_API void reset_counts();
CUDA_SIM_API void fail_at(const Failure& failure);
// Failures that have not come are forgotten; says how many there were.
CUDA_SIM_API uint64_t clear_failures();
CUDA_SIM_API std::vector<std::string> faults();
CUDA_SIM_API void clear_faults();
CUDA_SIM_API Live live();
// One line for each thing that is held.
CUDA_SIM_API std::vector<std::string> leaks();
// The devices that have a context.
CUDA_SIM_API std::vector<int> contexts();
// These only while nothing is held; false otherwise.
CUDA_SIM_API bool set_device_count(int count);
CUDA_SIM_API bool set_memory(uint64_t bytes);
// How far device addresses go before they come again; false too beyond what was reserved for them.
CUDA_SIM_API bool set_addresses(uint64_t bytes);
// From now on the kernels that are executed are those of these texts of PTX, by name, and no others; without any text,
// those that the host's compiler made. Throws std::exception where a text is not understood, and changes nothing then.
CUDA_SIM_API void run_ptx(const std::map<std::string, std::string>& texts);
// Forgets counts, failures, faults and lost devices. Only while nothing is held, or with `force`, which takes
// everything away; false otherwise.
CUDA_SIM_API bool reset(bool force);

}  // namespace cuda_sim
