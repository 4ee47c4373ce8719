// Makes chosen allocations of one loaded module fail, and counts the blocks that it holds.
#pragma once

#include <cstdint>

namespace ds::faults {

// From now on the allocations of one module count: those that its own code makes, or the C++ library for it. `suffix`
// ends the name of its file; null is the program itself. False where there is no such module, or where the C library
// is not glibc and nothing can be counted.
bool watch(const char* suffix);

// Counts from 1 again. Allocations `first` to `last` fail; 0 and 0: none does.
void arm(uint64_t first, uint64_t last);
// Since arm().
uint64_t counted();
uint64_t failed();
// Blocks of the module that have not been freed.
int64_t live_blocks();

// What this thread allocates meanwhile is not the module's: for the test that lives in it.
class Pause {
 public:
  Pause();
  ~Pause();
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
};

}  // namespace ds::faults
