// The backend that computes in host memory: on the calling thread, and on others of its device that are free.
#pragma once

#include <memory>

#include "../../cuda/backend.h"
#include "crew.h"
#include "host_memory.h"
#include "lane_table.h"

namespace ds {

// Buffers may outlive the backend. Without a crew the calling thread does all by itself.
std::unique_ptr<Backend> make_cpu_backend(const LaneTable& lanes, std::shared_ptr<HostMemory> memory,
                                          std::shared_ptr<Crew> crew = nullptr);

}  // namespace ds
