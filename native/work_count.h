// What the runs of one device have done and where their time went: for executor threads and whoever asks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

namespace ds {

struct WorkCount {
  std::atomic<uint64_t> runs_started{0};
  std::atomic<uint64_t> runs_finished{0};
  std::atomic<uint64_t> runs_failed{0};
  std::atomic<uint64_t> steps{0};
  std::atomic<uint64_t> evaluations{0};
  std::atomic<uint64_t> network_ns{0};
  std::atomic<uint64_t> combine_ns{0};
  std::atomic<uint64_t> waiting_ns{0};
};

// What one run has done and where its time went. Reads the clock twice for a stage; tells the device's count only when
// asked to, because the runs on all threads share it. One thread at a time.
class RunMeter {
 public:
  // Until now the run has waited.
  void turn_begins() noexcept { waiting_ns_ += lap(); }
  // What has been done since is neither a stage nor waiting.
  void set_aside() noexcept { lap(); }
  // A stage is over, the first thing of this turn that counts. `evaluations`: of the whole run. Without a new one it
  // was a combine.
  void stage_ended(uint64_t evaluations) noexcept {
    (evaluations > evaluations_ ? network_ns_ : combine_ns_) += lap();
    evaluations_ = evaluations;
  }
  // JavaScript has evaluated a network, while the run waited.
  void answered(uint64_t evaluations) noexcept { evaluations_ = evaluations; }
  // `steps`: of the whole run.
  void tell(uint32_t steps, WorkCount* count) noexcept {
    count->steps += steps - std::exchange(told_steps_, steps);
    count->evaluations += evaluations_ - std::exchange(told_evaluations_, evaluations_);
    count->network_ns += std::exchange(network_ns_, 0);
    count->combine_ns += std::exchange(combine_ns_, 0);
    count->waiting_ns += std::exchange(waiting_ns_, 0);
  }

 private:
  using Clock = std::chrono::steady_clock;

  uint64_t lap() noexcept {
    const Clock::time_point now = Clock::now();
    const std::chrono::nanoseconds passed = now - std::exchange(last_, now);
    return static_cast<uint64_t>(passed.count());
  }

  Clock::time_point last_ = Clock::now();
  uint64_t evaluations_ = 0, told_evaluations_ = 0;
  uint32_t told_steps_ = 0;
  uint64_t network_ns_ = 0, combine_ns_ = 0, waiting_ns_ = 0;
};

}  // namespace ds
