// The kernel that moves the cursor of a replayed step, on PTX.
#include "../../cuda/cuda_kernels.h"
#include "../../cuda/step_cursor.h"
#include "ptx_test.h"

namespace ds::ptx {

void test_advance(PtxDevice* device) {
  // Two programs in turn: the cursor of the first visits the entries 0 and 2, and its last points at itself.
  std::vector<StepCursor> entries{{10, 1, 0, 2}, {20, 2, 1, 3}, {30, 3, 2, 2}, {uint64_t{1} << 40, 4, 3, 3}};
  std::vector<StepCursor> cursor{{0, 0, 7, 0}};
  CheckedMemory memory;
  for (std::vector<StepCursor>* each : {&entries, &cursor}) {
    memory.add(each->data(), each->size() * sizeof(StepCursor));
    memory.initialise(each->data(), each->size() * sizeof(StepCursor));
  }
  for (const uint32_t expected : {0u, 2u, 2u}) {
    device->execute(memory, [&] { launch_advance(cursor.data(), entries.data(), {0, nullptr}); });
    const StepCursor &now = cursor.front(), &wanted = entries[expected];
    check(
        now.words == wanted.words && now.times == wanted.times && now.entry == wanted.entry && now.next == wanted.next,
        device->name() + ": the cursor moves to entry " + std::to_string(expected));
  }
}

}  // namespace ds::ptx
