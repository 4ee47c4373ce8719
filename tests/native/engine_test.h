// What the tests of the engine share: the check, numbers and buffers.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "../../native/cpu/lane_table.h"

namespace ds {

// Counts and prints what does not hold.
void check(bool holds, const std::string& what);

// Those of this processor, and sixteen in two halves where it has eight.
std::vector<const LaneTable*> tested_lanes();

void test_lanes();
void test_float64();
void test_halves();
void test_combine();
void test_unread_terms();
void test_status();
void test_half_overflow();
void test_shared_combine();
void test_shared_status();
void test_smallest_status();
void test_sit_mixture();
void test_edm_mixture();
void test_mixture_classes();
void test_shared_mixture();
void test_mixture_refusals();
void test_step_loop();
void test_half_networks();
void test_second_time();
void test_interrupt();
void test_given_starts();
void test_kept_starts();
void test_preview();
void test_check_plan();
void test_pacing();
void test_stop();
void test_pass_parts();
void test_crew();
void test_crew_turns();
void test_crew_stop();
void test_shared_float_mode();
void test_past_caches();
void test_memory();
void test_kept_memory();
void test_resting_memory();
void test_closed_device();
void test_cuda_problems();
void test_allocation_sweep();

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

inline bool same_bits(const float* a, const float* b, size_t count) {
  return count == 0 || std::memcmp(a, b, count * sizeof(float)) == 0;
}

inline uint32_t word_of_float(float x) {
  uint32_t word;
  std::memcpy(&word, &x, sizeof word);
  return word;
}

// Numbers in [-2, 2) that differ from call to call.
class Numbers {
 public:
  float next() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<float>(static_cast<int32_t>(state_ >> 40) - (1 << 23)) * 0x1p-22f;
  }

 private:
  uint64_t state_ = 1;
};

// A buffer at an address that is a multiple of 64, as backends make them.
class Floats {
 public:
  explicit Floats(size_t count) : count_(count), memory_(count + 32) {}
  // Where the numbers begin depends on the address.
  Floats(const Floats& other) : Floats(other.count_) {
    if (count_ > 0) std::memcpy(data(), const_cast<Floats&>(other).data(), count_ * sizeof(float));
  }
  Floats& operator=(const Floats&) = delete;
  float* data() {
    const auto at = reinterpret_cast<uintptr_t>(memory_.data());
    return memory_.data() + ((64 - at % 64) % 64) / sizeof(float);
  }
  size_t count() const { return count_; }

 private:
  size_t count_;
  std::vector<float> memory_;
};

}  // namespace ds
