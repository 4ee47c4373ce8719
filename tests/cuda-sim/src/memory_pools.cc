// Pieces are split and never joined, as in a pool whose memory is fragmented: only trimming makes them whole.
#include "memory_pools.h"

#include <algorithm>

namespace cuda_sim {
namespace {

constexpr size_t kGranularity = 512;
constexpr uintptr_t kHandles = 0x50000000;

size_t rounded(size_t bytes) { return (bytes + kGranularity - 1) / kGranularity * kGranularity; }

}  // namespace

cudaMemPool_t MemoryPools::create(int device) {
  const auto handle = reinterpret_cast<cudaMemPool_t>(kHandles + 16 * ++ids_);
  pools_[handle].device = device;
  return handle;
}

MemoryPool* MemoryPools::find(cudaMemPool_t handle) {
  const auto found = pools_.find(handle);
  return found == pools_.end() || found->second.destroyed ? nullptr : &found->second;
}

bool MemoryPools::was_destroyed(cudaMemPool_t handle) const {
  const auto at = reinterpret_cast<uintptr_t>(handle);
  return at > kHandles && at <= kHandles + 16 * ids_;
}

void MemoryPools::bury(cudaMemPool_t handle) {
  const auto found = pools_.find(handle);
  if (found == pools_.end() || !found->second.destroyed || found->second.outstanding > 0) return;
  const auto& pieces = found->second.pieces;
  if (std::all_of(pieces.begin(), pieces.end(), [](const auto& piece) { return piece.free_executed; })) {
    pools_.erase(found);
  }
}

void MemoryPools::destroy(cudaMemPool_t handle) {
  pools_[handle].destroyed = true;
  bury(handle);
}

void MemoryPools::clear() { pools_.clear(); }

bool MemoryPools::take(cudaMemPool_t handle, size_t bytes, uint64_t stream, size_t device_bytes) {
  MemoryPool& pool = pools_[handle];
  const size_t size = rounded(bytes);
  auto best = pool.pieces.end();
  for (auto piece = pool.pieces.begin(); piece != pool.pieces.end(); ++piece) {
    if (piece->bytes < size || !(piece->free_executed || piece->stream == stream)) continue;
    if (best == pool.pieces.end() || piece->bytes < best->bytes) best = piece;
  }
  if (best != pool.pieces.end()) {
    best->bytes -= size;
    if (best->bytes == 0) pool.pieces.erase(best);
  } else {
    const size_t used = reserved(pool.device);
    if (size < bytes || used > device_bytes || size > device_bytes - used) return false;
    pool.reserved += size;
  }
  ++pool.outstanding;
  return true;
}

void MemoryPools::give_back(cudaMemPool_t handle, size_t bytes, uint64_t allocation, uint64_t stream) {
  const auto found = pools_.find(handle);
  if (found == pools_.end()) return;
  --found->second.outstanding;
  found->second.pieces.push_back({rounded(bytes), allocation, stream, false});
}

void MemoryPools::free_executed(cudaMemPool_t handle, uint64_t allocation) {
  const auto found = pools_.find(handle);
  if (found == pools_.end()) return;
  for (MemoryPool::Piece& piece : found->second.pieces) {
    if (piece.allocation == allocation) piece.free_executed = true;
  }
  bury(handle);
}

void MemoryPools::trim(MemoryPool* pool, size_t keep) {
  auto& pieces = pool->pieces;
  for (auto piece = pieces.begin(); piece != pieces.end() && pool->reserved > keep;) {
    if (!piece->free_executed) {
      ++piece;
      continue;
    }
    pool->reserved -= piece->bytes;
    piece = pieces.erase(piece);
  }
}

void MemoryPools::trim_all() {
  for (auto& [handle, pool] : pools_) trim(&pool, pool.keep);
}

size_t MemoryPools::reserved(int device) const {
  size_t bytes = 0;
  for (const auto& [handle, pool] : pools_) bytes += pool.device == device ? pool.reserved : 0;
  return bytes;
}

}  // namespace cuda_sim
