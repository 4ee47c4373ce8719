// What the threads of one launch have done at one place, and whether another access there would be a race.
#pragma once

#include <cstdint>

#include "ptx_module.h"

namespace ds::ptx {

enum class Access { kLoad, kStore, kAtomic };

// A race is a place that two threads of one launch touch and at least one of them stores to. Atomics may meet each
// other and loads: what a load sees of them may be old. Where there is no race, threads give the same bits in any
// order.
class ThreadTraces {
 public:
  // Throws PtxFault where it would be a race.
  void add(Access access, const ThreadPlace& place) {
    const uint64_t thread = place.number + 1;
    const bool stored_by_other = storer_ != 0 && storer_ != thread;
    if (access == Access::kStore) {
      const bool loaded_by_other = several_loaders_ || (loader_ != 0 && loader_ != thread);
      if (stored_by_other || loaded_by_other || atomic_) throw PtxFault("stores where another thread is at work");
      storer_ = thread;
      return;
    }
    if (stored_by_other || (access == Access::kAtomic && storer_ != 0)) {
      throw PtxFault("reads what another thread stores");
    }
    if (access == Access::kAtomic) {
      atomic_ = true;
    } else {
      if (loader_ != 0 && loader_ != thread) several_loaders_ = true;
      loader_ = thread;
    }
  }

 private:
  // Threads count from one.
  uint64_t storer_ = 0, loader_ = 0;
  bool several_loaders_ = false, atomic_ = false;
};

}  // namespace ds::ptx
