// What CUDA offers on this machine, or why it offers nothing. Compiles and answers in builds without CUDA too.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ds {

struct CudaDeviceInfo {
  int ordinal;
  std::string name;
  uint64_t total_bytes;
  std::string compute_capability;  // as "9.0"
};

// Why CUDA cannot be used, as the end of a sentence, and what to do about it, as a sentence. Both empty: it can.
struct CudaProblem {
  std::string reason;
  std::string remedy;
};

struct CudaState {
  bool built;
  int code;  // of cudaGetDeviceCount; 0 is success, -1 without CUDA support
  CudaProblem problem;
  std::string message;  // the problem as it is thrown
  int driver_version;   // 0: no driver
  int runtime_version;
  std::vector<CudaDeviceInfo> devices;
};

// Asks the driver. Never throws for what the driver says.
CudaState cuda_state();

// What a code of cudaGetDeviceCount means; `name` is what CUDA calls it.
CudaProblem cuda_problem(int code, const char* name, int driver_version, int runtime_version);

// Empty, or why device `ordinal` can no longer be used in this process.
std::string cuda_device_loss(int ordinal);

}  // namespace ds
