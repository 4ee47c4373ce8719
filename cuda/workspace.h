// What a run works in: its buffers and its table, and with them the steps that were recorded to work there.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backend.h"
#include "network.h"
#include "plan.h"
#include "recorder.h"
#include "run_table.h"

namespace ds {

using Evaluators = std::vector<std::unique_ptr<Evaluator>>;

struct Workspace {
  // What the recordings follow from; runs of equal shape may use them. Blueprints are told apart by their addresses,
  // which are nobody else's as long as they are held.
  std::vector<uint64_t> shape;
  std::vector<std::shared_ptr<const void>> blueprints;
  std::vector<BufferPtr> slots;
  RunTable table;
  std::vector<std::vector<BufferPtr>> evaluator_memory;  // of each evaluator, while the workspace is no run's
  std::vector<RecordingPtr> recordings;                  // of each program, or null

  template <class Visit>
  void each_buffer(const Visit& visit) {
    for (BufferPtr& slot : slots) visit(*slot);
    for (auto& memory : evaluator_memory) {
      for (BufferPtr& each : memory) {
        if (each) visit(*each);
      }
    }
    if (table.memory()) visit(*table.memory());
  }
};

// For each program, whether its steps are worth recording and consist of launches alone. `evaluators` may be null.
std::vector<bool> recordable_programs(const Plan& plan, const Evaluators& evaluators);

// Allocates the buffers of `plan`, and no table yet.
std::unique_ptr<Workspace> make_workspace(const Plan& plan, const Evaluators& evaluators, Backend* backend);

std::vector<uint64_t> workspace_shape(const Plan& plan, const Evaluators& evaluators);

// Bytes of one buffer.
inline size_t slot_bytes(const Plan& plan, uint32_t slot) {
  return static_cast<size_t>(plan.rows * plan.elements * dtype_bytes(plan.slots[slot]));
}

}  // namespace ds
