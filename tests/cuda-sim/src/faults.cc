// Faults go to the standard error output without a buffer: the process may not live much longer.
#include "faults.h"

#include <unistd.h>

#include <cstdio>

namespace cuda_sim {

void Faults::report(const std::string& text) {
  all_.push_back(text);
  const std::string line = "cuda-sim: " + text + "\n";
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) std::perror("cuda-sim");
}

std::string hexadecimal(uintptr_t address) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

}  // namespace cuda_sim
