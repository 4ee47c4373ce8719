// One task of a single turn.
#include "turn.h"

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>

namespace ds {
namespace {

class MeasuredTask final : public Task {
 public:
  explicit MeasuredTask(const std::function<void()>& work) : work_(work) {}

  Turn advance() noexcept override {
    const auto begin = std::chrono::steady_clock::now();
    try {
      work_();
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      seconds_.set_value(seconds.count());
    } catch (...) {
      seconds_.set_exception(std::current_exception());
    }
    return Turn::kEnded;
  }
  void cancel() noexcept override {}
  std::future<double> seconds() { return seconds_.get_future(); }

 private:
  const std::function<void()>& work_;
  std::promise<double> seconds_;
};

}  // namespace

double measure_turn(Executor& executor, const std::function<void()>& work) {
  const auto task = std::make_shared<MeasuredTask>(work);
  std::future<double> seconds = task->seconds();
  if (!executor.start(task)) throw std::runtime_error("the device is closed");
  return seconds.get();
}

}  // namespace ds
