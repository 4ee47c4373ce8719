// What tests ask and tell.
#include "../include/cuda_sim.h"
#include "simulator.h"

namespace cuda_sim {
namespace {

std::unique_lock<std::mutex> locked() { return std::unique_lock<std::mutex>(simulator().mutex); }

}  // namespace

void seed(uint64_t value) {
  const auto lock = locked();
  simulator().queues.seed(value);
}

Counts counts() {
  const auto lock = locked();
  return simulator().counts;
}

void reset_counts() {
  const auto lock = locked();
  simulator().counts = {};
}

void fail_at(const Failure& failure) {
  const auto lock = locked();
  simulator().failures.push_back(failure);
}

uint64_t clear_failures() {
  const auto lock = locked();
  const uint64_t count = simulator().failures.size();
  simulator().failures.clear();
  return count;
}

std::vector<std::string> faults() {
  const auto lock = locked();
  return simulator().faults.all();
}

void clear_faults() {
  const auto lock = locked();
  simulator().faults.clear();
}

Live live() {
  const auto lock = locked();
  return simulator().live();
}

std::vector<std::string> leaks() {
  const auto lock = locked();
  return simulator().leaks();
}

std::vector<int> contexts() {
  const auto lock = locked();
  return {simulator().contexts.begin(), simulator().contexts.end()};
}

bool set_device_count(int count) {
  const auto lock = locked();
  if (!simulator().live().nothing_held()) return false;
  simulator().device_count = count;
  return true;
}

bool set_memory(uint64_t bytes) {
  const auto lock = locked();
  if (!simulator().live().nothing_held()) return false;
  simulator().device_bytes = bytes;
  return true;
}

bool set_addresses(uint64_t bytes) {
  const auto lock = locked();
  return simulator().live().nothing_held() && simulator().memory.limit(bytes);
}

void run_ptx(const std::map<std::string, std::string>& texts) {
  PtxKernels ptx(texts);
  const auto lock = locked();
  simulator().ptx = std::move(ptx);
}

bool reset(bool force) {
  const auto lock = locked();
  Simulator& sim = simulator();
  if (!force && !sim.live().nothing_held()) return false;
  if (force) {
    sim.queues.clear();
    sim.pools.clear();
    sim.memory.clear();
    sim.graphs.clear();
    for (auto& [begin, each] : sim.pinned) each.abandoned = true;
    sim.abandoned.clear();
  }
  sim.counts = {};
  sim.failures.clear();
  sim.faults.clear();
  sim.lost.clear();
  sim.contexts.clear();
  host_thread.last = cudaSuccess;
  host_thread.sticky = false;
  host_thread.captured = nullptr;
  return true;
}

}  // namespace cuda_sim
