// The threads of one device and their first-in, first-out queue: each turn advances one task by one stage.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cpu/crew.h"

namespace ds {

// What one turn came to.
enum class Turn {
  kAgain,     // put it back at the end
  kNotReady,  // likewise, but it could do nothing: the device is behind
  kParked,    // it waits for something else, and comes back through requeue()
  kEnded,     // drop it
};

class Task {
 public:
  virtual ~Task() = default;
  // On an executor thread, in turns that never overlap, save that a parked task may come back before this returns.
  virtual Turn advance() noexcept = 0;
  // From any thread, any number of times: end soon. A parked task requeues itself.
  virtual void cancel() noexcept = 0;

 private:
  friend class TaskQueue;
  std::list<std::shared_ptr<Task>>::iterator place_;
  bool ready_ = false;
  uint64_t round_ = 0;
};

// What the threads share; it lives as long as the last of them.
class TaskQueue {
 public:
  TaskQueue() = default;
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // False after stop(): the task was not taken.
  bool start(const std::shared_ptr<Task>& task);
  // Puts a parked task back at the end. Never allocates.
  void requeue(Task& task) noexcept;

 private:
  friend class Executor;
  using Tasks = std::list<std::shared_ptr<Task>>;

  void join() noexcept;
  void leave() noexcept;
  void work() noexcept;
  bool next(std::unique_lock<std::mutex>& lock) noexcept;
  bool stop(std::chrono::milliseconds patience) noexcept;
  void cancel_all(std::unique_lock<std::mutex>& lock) noexcept;
  void cancel_each(Tasks& tasks, std::unique_lock<std::mutex>& lock) noexcept;
  bool empty() const noexcept { return ready_.empty() && unready_.empty() && away_.empty(); }

  std::mutex mutex_;
  Crew crew_{&mutex_};
  std::condition_variable gone_;
  Tasks ready_;
  Tasks unready_;                                  // said kNotReady since anything else went on
  Tasks away_;                                     // in a turn, or parked
  std::chrono::steady_clock::time_point went_on_;  // when a turn last was more than kNotReady
  bool stopping_ = false;
  uint64_t round_ = 0;
  int workers_ = 0;
};

// Used by one thread, which is none of its own.
class Executor {
 public:
  // Each thread calls `begin`, if there is one, before anything else; it must not throw.
  explicit Executor(int threads, const std::function<void()>& begin = nullptr);
  // Leaves threads that have not ended to themselves; they hold on to whatever they use.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  bool start(const std::shared_ptr<Task>& task) { return queue_->start(task); }
  const std::shared_ptr<TaskQueue>& queue() const noexcept { return queue_; }
  std::shared_ptr<Crew> crew() const noexcept { return {queue_, &queue_->crew_}; }
  // Takes nothing more, cancels every task and joins. False where the threads were not at their end after `patience`:
  // they end when their tasks do, and a further call waits again.
  bool stop(std::chrono::milliseconds patience) noexcept;
  // Whether stop() was ever called.
  bool stopping() const noexcept { return stopping_; }

 private:
  bool stopping_ = false;
  std::shared_ptr<TaskQueue> queue_ = std::make_shared<TaskQueue>();
  std::vector<std::thread> threads_;
};

}  // namespace ds
