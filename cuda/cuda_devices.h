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

struct CudaState {
  bool built;
  int code;             // of cudaGetDeviceCount; 0 is success, -1 without CUDA support
  std::string message;  // empty with success: else the reason and the remedy
  int driver_version;   // 0: no driver
  int runtime_version;
  std::vector<CudaDeviceInfo> devices;
};

// Asks the driver. Never throws for what the driver says.
CudaState cuda_state();

// The reason and the remedy for a code of cudaGetDeviceCount.
std::string cuda_problem(int code, int driver_version, int runtime_version);

// Empty, or why device `ordinal` can no longer be used in this process.
std::string cuda_device_loss(int ordinal);

}  // namespace ds
