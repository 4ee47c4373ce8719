// The device's address range, its backing and shadow, and the allocations in it. Addresses come again only after the
// whole range has been used, so that a stale pointer meets nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "../include/cuda_runtime_api.h"
#include "random.h"

namespace cuda_sim {

struct Allocation {
  uint64_t id;
  uintptr_t begin;
  size_t bytes;
  cudaMemPool_t pool;
  uint64_t stream;         // that it was made on
  uint64_t freed_on = 0;   // the stream, once the host has freed it
  bool arrived = false;    // its stream has come to it
  bool gone = false;       // its stream has come to its end
  bool abandoned = false;  // the host tried to free it and was refused
  bool held() const { return freed_on == 0 && !abandoned; }
};

class DeviceMemory {
 public:
  DeviceMemory();

  // Ends the range after so many bytes; false where it has not so many.
  bool limit(size_t bytes);
  // Null where the range is full.
  Allocation* allocate(size_t bytes, Random* random);
  void arrive(Allocation* allocation);
  void leave(Allocation* allocation);
  // By its first address; null where there is none.
  Allocation* find(const void* begin);
  const std::map<uintptr_t, Allocation>& all() const { return allocations_; }
  bool contains(const void* at) const;
  // Takes everything away.
  void clear();

  // What is wrong with these bytes: empty if nothing. `reads`: somebody wants to see what was written.
  std::string problem(const void* at, size_t bytes, bool reads) const;
  // The same for an access of which it is known that something is wrong; `unaligned` is the first thing to be said.
  std::string describe(uintptr_t at, size_t bytes, bool reads, bool unaligned) const;

  void write(void* to, const void* from, size_t bytes);
  void read(void* to, const void* from, size_t bytes) const;
  // Unwritten bytes stay unwritten.
  void copy(void* to, const void* from, size_t bytes);

 private:
  std::string place(uintptr_t at) const;
  bool room(uintptr_t begin, uintptr_t end);

  int file_ = -1;
  uintptr_t next_ = 0;
  uint64_t ids_ = 0;
  std::map<uintptr_t, Allocation> allocations_;
};

}  // namespace cuda_sim
