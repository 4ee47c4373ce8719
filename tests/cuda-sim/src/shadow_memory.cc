// The device's memory as PTX sees it: every access is held against the shadow, and against those of other threads.
#include "shadow_memory.h"

#include <cstring>

#include "../include/cuda_sim_device.h"
#include "simulator.h"

namespace cuda_sim {
namespace {

using ds::ptx::Access;

const void* device_address(uint64_t address) { return reinterpret_cast<const void*>(static_cast<uintptr_t>(address)); }
unsigned char* bytes_at(uint64_t address) { return space.backing + (address - space.base); }

}  // namespace

void ShadowMemory::touch(uint64_t address, unsigned bytes, Access access, const ds::ptx::ThreadPlace& place) {
  const bool reads = access != Access::kStore;
  const std::string problem = simulator().memory.problem(device_address(address), bytes, reads);
  if (!problem.empty()) throw ds::ptx::PtxFault((reads ? "reads " : "writes ") + problem);
  auto& traces = traces_[address / kGrain / kTraces];
  for (unsigned i = 0; i < bytes / kGrain; ++i) traces[address / kGrain % kTraces + i].add(access, place);
  ++(reads ? accesses.reads : accesses.writes)[width_index(bytes)];
}

void ShadowMemory::load(uint64_t address, unsigned bytes, void* to, const ds::ptx::ThreadPlace& place) {
  touch(address, bytes, Access::kLoad, place);
  std::memcpy(to, bytes_at(address), bytes);
}

void ShadowMemory::store(uint64_t address, unsigned bytes, const void* from, const ds::ptx::ThreadPlace& place) {
  touch(address, bytes, Access::kStore, place);
  std::memcpy(bytes_at(address), from, bytes);
  std::memset(space.shadow + (address - space.base), kWritten, bytes);
}

uint64_t ShadowMemory::atomic_min(uint64_t address, uint64_t value, const ds::ptx::ThreadPlace& place) {
  uint64_t found;
  touch(address, sizeof found, Access::kAtomic, place);
  std::memcpy(&found, bytes_at(address), sizeof found);
  if (value < found) std::memcpy(bytes_at(address), &value, sizeof value);
  // A minimum reads and writes, and the shadow says that it was written before.
  ++accesses.writes[width_index(sizeof found)];
  return found;
}

}  // namespace cuda_sim
