// Tasks move between two lists by splicing, so that nothing after start() can run out of memory.
#include "executor.h"

#include <chrono>

#include "cpu/float_mode.h"

namespace ds {
namespace {

// A cancel that arrives between the check and the start of a network call is lost, so stop() repeats it.
constexpr std::chrono::milliseconds kCancelAgain(20);

}  // namespace

Executor::Executor(int threads) {
  try {
    threads_.reserve(static_cast<size_t>(threads));
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (...) {
    stop();
    throw;
  }
}

Executor::~Executor() { stop(); }

bool Executor::start(const std::shared_ptr<Task>& task) {
  Tasks node{task};
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return false;
    task->place_ = node.begin();
    task->ready_ = true;
    ready_.splice(ready_.end(), node);
  }
  wake_.notify_one();
  return true;
}

void Executor::requeue(Task& task) noexcept {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (task.ready_) return;
    task.ready_ = true;
    ready_.splice(ready_.end(), away_, task.place_);
  }
  wake_.notify_one();
}

void Executor::work() noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return !ready_.empty() || (stopping_ && away_.empty()); });
    if (ready_.empty()) return;
    std::shared_ptr<Task> task = ready_.front();
    task->ready_ = false;
    away_.splice(away_.end(), ready_, task->place_);
    lock.unlock();
    Turn turn;
    {
      FloatMode mode;
      turn = task->advance();
    }
    Tasks over;
    lock.lock();
    if (turn == Turn::kAgain) {
      task->ready_ = true;
      ready_.splice(ready_.end(), away_, task->place_);
    } else if (turn == Turn::kEnded) {
      over.splice(over.end(), away_, task->place_);
      if (stopping_) {
        ended_.notify_all();
        if (ready_.empty() && away_.empty()) wake_.notify_all();
      }
    }
    lock.unlock();
    task.reset();
    over.clear();
    lock.lock();
  }
}

void Executor::stop() noexcept {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
    while (!ready_.empty() || !away_.empty()) {
      cancel_all(lock);
      ended_.wait_for(lock, kCancelAgain, [this] { return ready_.empty() && away_.empty(); });
    }
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Executor::cancel_all(std::unique_lock<std::mutex>& lock) noexcept {
  ++round_;
  cancel_each(away_, lock);
  cancel_each(ready_, lock);
}

// A told task moves to the back, so the front tells when all were told; the lock is open while a task is told.
void Executor::cancel_each(Tasks& tasks, std::unique_lock<std::mutex>& lock) noexcept {
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

}  // namespace ds
