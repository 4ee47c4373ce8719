// The team's rounds.
#include "team.h"

#include <chrono>

namespace ds {

Team::Team(int members) {
  for (int member = 1; member < members; ++member) {
    threads_.emplace_back([this, member] { serve(member); });
  }
}

Team::~Team() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    leaving_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

double Team::run(const std::function<void(int)>& work) {
  const auto begin = std::chrono::steady_clock::now();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = &work;
    busy_ = static_cast<int>(threads_.size());
    failure_ = nullptr;
    ++round_;
  }
  changed_.notify_all();
  attempt(work, 0);
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return busy_ == 0; });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (failure_) std::rethrow_exception(failure_);
  return seconds.count();
}

void Team::serve(int member) {
  uint64_t seen = 0;
  for (;;) {
    const std::function<void(int)>* work;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return leaving_ || round_ != seen; });
      if (leaving_) return;
      seen = round_;
      work = work_;
    }
    attempt(*work, member);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      --busy_;
    }
    changed_.notify_all();
  }
}

void Team::attempt(const std::function<void(int)>& work, int member) noexcept {
  try {
    work(member);
  } catch (...) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

Share share_of(int64_t count, int member, int members) {
  const int64_t first = count * member / members;
  return {first, count * (member + 1) / members - first};
}

}  // namespace ds
