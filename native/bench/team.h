// Threads that begin the same work at the same time; the clock runs until the last has ended.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ds {

class Team {
 public:
  explicit Team(int members);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members() const { return static_cast<int>(threads_.size()) + 1; }
  // Calls `work` with every member's number, the caller being 0. Seconds from the start to the last end. Throws what
  // `work` threw.
  double run(const std::function<void(int)>& work);

 private:
  void serve(int member);
  void attempt(const std::function<void(int)>& work, int member) noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void(int)>* work_ = nullptr;
  uint64_t round_ = 0;
  int busy_ = 0;
  bool leaving_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

// The share of member `member` in `count` things: its first, and how many.
struct Share {
  int64_t first, count;
};
Share share_of(int64_t count, int member, int members);

}  // namespace ds
