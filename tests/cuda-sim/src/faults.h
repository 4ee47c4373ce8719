// What the program under test did wrong: printed at once, and kept until somebody asks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../include/cuda_runtime_api.h"

namespace cuda_sim {

// Ends the operation that is being executed, and the device with it.
struct DeviceFault {
  cudaError_t error;
  std::string text;  // empty where a test asked for it
};

class Faults {
 public:
  void report(const std::string& text);
  const std::vector<std::string>& all() const { return all_; }
  void clear() { all_.clear(); }

 private:
  std::vector<std::string> all_;
};

std::string hexadecimal(uintptr_t address);

}  // namespace cuda_sim
