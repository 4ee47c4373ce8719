// Whether two devices make the same bits of the same lines.
#pragma once

#include <string>
#include <vector>

#include "../device.h"

namespace ds {

// Does every line once on the CPU and once on `device`, and prints a sentence for each. False where bits differ.
bool compare_devices(Device* cpu, Device* device, const std::vector<std::string>& lines);
// Does every line once, and prints a hash of the bytes that it made before it.
void print_hashes(Device* device, const std::vector<std::string>& lines);

}  // namespace ds
