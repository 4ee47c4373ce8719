// The backend that computes on the calling thread, in host memory.
#pragma once

#include <memory>

#include "../../cuda/backend.h"
#include "../../cuda/memory_count.h"
#include "lane_table.h"

namespace ds {

// Buffers keep `count` alive, so they may outlive the backend.
std::unique_ptr<Backend> make_cpu_backend(const LaneTable& lanes, std::shared_ptr<MemoryCount> count);

}  // namespace ds
