// From PTX text to kernels that can be executed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ptx_code.h"

namespace ds::ptx {

// Throws PtxFault with the line where the text holds what no kernel of ours should.
std::vector<std::unique_ptr<KernelCode>> read_kernels(const std::string& text, const std::string& name);

}  // namespace ds::ptx
