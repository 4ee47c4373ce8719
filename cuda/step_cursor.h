// Where a replayed step stands in its run. It lies on the device, because a replay repeats its launches with the
// arguments that they were recorded with.
#pragma once

#include <stdint.h>

namespace ds {

struct StepCursor {
  uint64_t words;  // words of the table that stand before those of the entry
  uint64_t times;  // the same of its times
  uint32_t entry;  // of the sequence
  uint32_t next;   // the entry of the same program that comes after it
};

}  // namespace ds
