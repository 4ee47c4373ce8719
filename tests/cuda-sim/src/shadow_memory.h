// The device's memory as PTX sees it: every access is held against the shadow, and against those of other threads.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "../../ptx/thread_traces.h"

namespace cuda_sim {

// For one launch.
class ShadowMemory final : public ds::ptx::Memory {
 public:
  void load(uint64_t address, unsigned bytes, void* to, const ds::ptx::ThreadPlace& place) override;
  void store(uint64_t address, unsigned bytes, const void* from, const ds::ptx::ThreadPlace& place) override;
  uint64_t atomic_min(uint64_t address, uint64_t value, const ds::ptx::ThreadPlace& place) override;

 private:
  void touch(uint64_t address, unsigned bytes, ds::ptx::Access access, const ds::ptx::ThreadPlace& place);

  // The least that a kernel moves is two bytes; so each stands for two, and an element for 256.
  static constexpr uint64_t kGrain = 2, kTraces = 128;
  std::unordered_map<uint64_t, std::array<ds::ptx::ThreadTraces, kTraces>> traces_;
};

}  // namespace cuda_sim
