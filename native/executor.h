// The threads of one device and their first-in, first-out queue: each turn advances one task by one stage.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ds {

// What one turn came to.
enum class Turn {
  kAgain,   // put it back at the end
  kParked,  // it waits for something else, and comes back through requeue()
  kEnded,   // drop it
};

class Task {
 public:
  virtual ~Task() = default;
  // On an executor thread, in turns that never overlap, save that a parked task may come back before this returns.
  virtual Turn advance() noexcept = 0;
  // From any thread, any number of times: end soon. A parked task requeues itself.
  virtual void cancel() noexcept = 0;

 private:
  friend class Executor;
  std::list<std::shared_ptr<Task>>::iterator place_;
  bool ready_ = false;
  uint64_t round_ = 0;
};

class Executor {
 public:
  explicit Executor(int threads);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // False after stop(): the task was not taken.
  bool start(const std::shared_ptr<Task>& task);
  // Puts a parked task back at the end. Never allocates.
  void requeue(Task& task) noexcept;
  // Cancels every task, lets each come to its end, and joins. Idempotent; never from an executor thread.
  void stop() noexcept;

 private:
  using Tasks = std::list<std::shared_ptr<Task>>;

  void work() noexcept;
  void cancel_all(std::unique_lock<std::mutex>& lock) noexcept;
  void cancel_each(Tasks& tasks, std::unique_lock<std::mutex>& lock) noexcept;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ended_;
  Tasks ready_;
  Tasks away_;  // in a turn, or parked
  bool stopping_ = false;
  uint64_t round_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace ds
