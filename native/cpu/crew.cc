// A piece of work stands on the stack of the thread that shares it, which leaves last.
#include "crew.h"

#include <thread>

namespace ds {
namespace {

using Clock = std::chrono::steady_clock;

// How long threads look on before they sleep: those that wait for the last parts of others, and after anybody's part
// those that have nothing to do, as more is often shared soon. Longer than a part takes, and about what waking a
// sleeper can cost.
constexpr std::chrono::microseconds kLookOn(100);

}  // namespace

struct Crew::Work {
  const int64_t parts;
  const Part part;
  const void* const context;
  std::atomic<int64_t> given{0};      // parts that somebody has taken, or has come too late for
  std::atomic<int64_t> to_others{0};  // of them
  std::atomic<int> hands{0};          // of other threads; changed with the mutex
  Work* after = nullptr;

  bool over() const noexcept { return given.load(std::memory_order_relaxed) >= parts; }
  bool take() noexcept { return given.fetch_add(1, std::memory_order_relaxed) < parts; }
};

void Crew::share(int64_t parts, Part part, const void* context) noexcept {
  Work work{parts, part, context};
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    Work** end = &first_;
    while (*end != nullptr) end = &(*end)->after;
    *end = &work;
  }
  call_all();
  // This thread goes from the front and the others from the back, so that what is shared again and again finds most of
  // its memory in the same caches.
  for (int64_t next = 0; work.take(); ++next) part(context, next);
  std::unique_lock<std::mutex> lock(mutex_);
  Work** own = &first_;
  while (*own != &work) own = &(*own)->after;
  *own = work.after;
  shared_ = Clock::now();
  if (work.hands.load(std::memory_order_relaxed) == 0) return;
  lock.unlock();
  for (const Clock::time_point until = Clock::now() + kLookOn; Clock::now() < until;) {
    if (work.hands.load(std::memory_order_acquire) == 0) return;
    std::this_thread::yield();
  }
  lock.lock();
  ended_.wait(lock, [&] { return work.hands.load(std::memory_order_relaxed) == 0; });
}

bool Crew::lend_a_hand(std::unique_lock<std::mutex>& lock) noexcept {
  Work* work = first_;
  while (work != nullptr && work->over()) work = work->after;
  if (work == nullptr) return false;
  work->hands.fetch_add(1, std::memory_order_relaxed);
  lock.unlock();
  if (work->take()) {
    work->part(work->context, work->parts - 1 - work->to_others.fetch_add(1, std::memory_order_relaxed));
  }
  lock.lock();
  shared_ = Clock::now();
  // The work may be gone as soon as its last hand is.
  if (work->hands.fetch_sub(1, std::memory_order_release) == 1) ended_.notify_all();
  return true;
}

void Crew::rest(std::unique_lock<std::mutex>& lock) noexcept {
  const Clock::time_point until = shared_ + kLookOn;
  if (Clock::now() >= until) return wake_.wait(lock);
  const uint32_t calls = calls_.load(std::memory_order_relaxed);
  lock.unlock();
  while (calls_.load(std::memory_order_relaxed) == calls && Clock::now() < until) std::this_thread::yield();
  lock.lock();
}

bool Crew::rest_for(std::unique_lock<std::mutex>& lock, std::chrono::microseconds most) noexcept {
  return wake_.wait_for(lock, most) == std::cv_status::no_timeout;
}

void Crew::call_one() noexcept {
  calls_.fetch_add(1, std::memory_order_relaxed);
  wake_.notify_one();
}

void Crew::call_all() noexcept {
  calls_.fetch_add(1, std::memory_order_relaxed);
  wake_.notify_all();
}

}  // namespace ds
