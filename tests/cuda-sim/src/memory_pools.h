// Which memory pools hold how much of which device. Only the amounts: addresses are never reused by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "../include/cuda_runtime_api.h"

namespace cuda_sim {

struct MemoryPool {
  // Freed, and still kept by the pool: at once for the stream that freed it, for others once it has come to the free.
  struct Piece {
    size_t bytes;
    uint64_t allocation;
    uint64_t stream;
    bool free_executed;
  };
  int device;
  size_t reserved = 0;
  size_t outstanding = 0;  // allocations that are not free yet
  unsigned long long keep = 0;
  bool destroyed = false;
  bool abandoned = false;
  std::vector<Piece> pieces;
};

class MemoryPools {
 public:
  cudaMemPool_t create(int device);
  // Null where there is none or it was destroyed.
  MemoryPool* find(cudaMemPool_t handle);
  bool was_destroyed(cudaMemPool_t handle) const;
  // What is still allocated keeps it.
  void destroy(cudaMemPool_t handle);
  void clear();

  // False where the device has no more than `device_bytes`.
  bool take(cudaMemPool_t handle, size_t bytes, uint64_t stream, size_t device_bytes);
  void give_back(cudaMemPool_t handle, size_t bytes, uint64_t allocation, uint64_t stream);
  void free_executed(cudaMemPool_t handle, uint64_t allocation);
  void trim(MemoryPool* pool, size_t keep);
  // What pools do at every wait.
  void trim_all();

  const std::map<cudaMemPool_t, MemoryPool>& all() const { return pools_; }
  size_t reserved(int device) const;

 private:
  void bury(cudaMemPool_t handle);

  uint64_t ids_ = 0;
  std::map<cudaMemPool_t, MemoryPool> pools_;
};

}  // namespace cuda_sim
