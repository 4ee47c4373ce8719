// The backend that computes in host memory: on the calling thread, and on others of its device that are free.
#pragma once

#include <memory>

#include "../../cuda/backend.h"
#include "../../cuda/memory_count.h"
#include "crew.h"
#include "lane_table.h"

namespace ds {

// Buffers keep `count` alive, so they may outlive the backend. Without a crew the calling thread does all by itself.
std::unique_ptr<Backend> make_cpu_backend(const LaneTable& lanes, std::shared_ptr<MemoryCount> count,
                                          std::shared_ptr<Crew> crew = nullptr);

}  // namespace ds
