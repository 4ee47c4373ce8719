// The threads of a device that have nothing to advance: where they rest, and the work in which they lend a hand.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace ds {

// Does one part. Parts may be done in any order and at the same time.
using Part = void (*)(const void* context, int64_t part) noexcept;

class Crew {
 public:
  // `mutex` guards what threads wait for, what is shared included.
  explicit Crew(std::mutex* mutex) : mutex_(*mutex) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Does parts 0 to parts - 1, each once, on this thread and on those that lend a hand; all are done when it returns.
  // Without the mutex. Never allocates.
  void share(int64_t parts, Part part, const void* context) noexcept;

  // The three below with the mutex, which is open meanwhile.
  // Does one part of what is shared. False where there is none.
  bool lend_a_hand(std::unique_lock<std::mutex>& lock) noexcept;
  // Until a call or a little longer, so what was waited for may be there or not.
  void rest(std::unique_lock<std::mutex>& lock) noexcept;
  // False where there was no call in so long a time.
  bool rest_for(std::unique_lock<std::mutex>& lock, std::chrono::microseconds most) noexcept;

  // Something has come up.
  void call_one() noexcept;
  void call_all() noexcept;

 private:
  struct Work;

  std::mutex& mutex_;
  std::condition_variable wake_;
  std::atomic<uint32_t> calls_{0};
  std::condition_variable ended_;
  Work* first_ = nullptr;                         // in the order in which they were shared
  std::chrono::steady_clock::time_point shared_;  // when that last ended
};

}  // namespace ds
