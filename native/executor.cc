// Tasks move between lists by splicing, so that nothing after start() can run out of memory.
#include "executor.h"

#include <dlfcn.h>

#include <algorithm>

#include "cpu/float_mode.h"

namespace ds {
namespace {

using Clock = std::chrono::steady_clock;

// A cancel that arrives between the check and the start of a network call is lost, so stop() repeats it.
constexpr std::chrono::milliseconds kCancelAgain(20);
// When every task waits for the device: how long threads ask on, and how long they then sleep between two questions.
// What a device has queued has to last longer than a sleep, which is this and as much again until the thread runs.
constexpr std::chrono::microseconds kAskOn(100);
constexpr std::chrono::microseconds kAskAgain(50);

// A worker's end unloads an addon that nobody else has loaded, and with it the code that its threads are in.
void keep_code_loaded() noexcept {
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&keep_code_loaded), &self) == 0 || self.dli_fname == nullptr) return;
  dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

}  // namespace

bool TaskQueue::start(const std::shared_ptr<Task>& task) {
  Tasks node{task};
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return false;
    task->place_ = node.begin();
    task->ready_ = true;
    ready_.splice(ready_.end(), node);
  }
  crew_.call_one();
  return true;
}

void TaskQueue::requeue(Task& task) noexcept {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (task.ready_) return;
    task.ready_ = true;
    ready_.splice(ready_.end(), away_, task.place_);
  }
  crew_.call_one();
}

void TaskQueue::join() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  ++workers_;
}

void TaskQueue::leave() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  --workers_;
  gone_.notify_all();
}

// False when everything is over; else ready_ has a task.
bool TaskQueue::next(std::unique_lock<std::mutex>& lock) noexcept {
  while (ready_.empty()) {
    if (stopping_ && empty()) return false;
    // One part at a time: a task that has come in the meantime goes before.
    if (crew_.lend_a_hand(lock)) continue;
    if (unready_.empty()) {
      crew_.rest(lock);
    } else if (Clock::now() - went_on_ < kAskOn) {
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
      ready_.splice(ready_.end(), unready_);
    } else if (stopping_ || !crew_.rest_for(lock, kAskAgain)) {
      ready_.splice(ready_.end(), unready_);
    }
  }
  return true;
}

void TaskQueue::work() noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  while (next(lock)) {
    std::shared_ptr<Task> task = ready_.front();
    task->ready_ = false;
    away_.splice(away_.end(), ready_, task->place_);
    const bool last_turn = stopping_;
    lock.unlock();
    // A task that moved between the lists while stop() went through them was not told.
    if (last_turn) task->cancel();
    Turn turn;
    {
      FloatMode mode;
      turn = task->advance();
    }
    Tasks over;
    lock.lock();
    if (turn == Turn::kNotReady) {
      task->ready_ = true;
      unready_.splice(unready_.end(), away_, task->place_);
    } else {
      // Something went on, so time has passed for the others too.
      went_on_ = Clock::now();
      ready_.splice(ready_.end(), unready_);
    }
    if (turn == Turn::kAgain) {
      task->ready_ = true;
      ready_.splice(ready_.end(), away_, task->place_);
    } else if (turn == Turn::kEnded) {
      over.splice(over.end(), away_, task->place_);
      if (stopping_ && empty()) crew_.call_all();
    }
    lock.unlock();
    task.reset();
    over.clear();
    lock.lock();
  }
}

bool TaskQueue::stop(std::chrono::milliseconds patience) noexcept {
  const Clock::time_point deadline = Clock::now() + patience;
  std::unique_lock<std::mutex> lock(mutex_);
  stopping_ = true;
  crew_.call_all();
  for (;;) {
    cancel_all(lock);
    const Clock::time_point now = Clock::now();
    const Clock::time_point until = std::min(deadline, now + kCancelAgain);
    if (gone_.wait_until(lock, until, [this] { return workers_ == 0; })) return true;
    if (now >= deadline) return false;
  }
}

void TaskQueue::cancel_all(std::unique_lock<std::mutex>& lock) noexcept {
  ++round_;
  ready_.splice(ready_.end(), unready_);
  cancel_each(away_, lock);
  cancel_each(ready_, lock);
}

// A told task moves to the back, so the front tells when all were told; the lock is open while a task is told.
void TaskQueue::cancel_each(Tasks& tasks, std::unique_lock<std::mutex>& lock) noexcept {
  while (!tasks.empty() && tasks.front()->round_ != round_) {
    std::shared_ptr<Task> task = tasks.front();
    task->round_ = round_;
    tasks.splice(tasks.end(), tasks, tasks.begin());
    lock.unlock();
    task->cancel();
    task.reset();
    lock.lock();
  }
}

Executor::Executor(int threads, const std::function<void()>& begin) {
  try {
    threads_.reserve(static_cast<size_t>(threads));
    for (int i = 0; i < threads; ++i) {
      queue_->join();
      try {
        threads_.emplace_back([queue = queue_, begin] {
          if (begin) begin();
          queue->work();
          queue->leave();
        });
      } catch (...) {
        queue_->leave();
        throw;
      }
    }
  } catch (...) {
    queue_->stop(std::chrono::hours(1));
    for (std::thread& thread : threads_) thread.join();
    throw;
  }
}

Executor::~Executor() {
  if (stop(std::chrono::milliseconds::zero())) return;
  keep_code_loaded();
  for (std::thread& thread : threads_) thread.detach();
}

bool Executor::stop(std::chrono::milliseconds patience) noexcept {
  stopping_ = true;
  if (!queue_->stop(patience)) return false;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  return true;
}

}  // namespace ds
