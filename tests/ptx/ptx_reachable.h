// Which instructions a launch can reach at all, given what its parameters never are.
#pragma once

#include <cstdint>
#include <vector>

#include "ptx_code.h"

namespace ds::ptx {

// `positive`: offsets of 32-bit integers among the parameter bytes that are always above zero. One flag for each
// instruction; false only where every way there contradicts that.
std::vector<bool> reachable(const KernelCode& code, const std::vector<uint32_t>& positive);

}  // namespace ds::ptx
