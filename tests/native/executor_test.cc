// The executor's queue: runs whose device is behind, and work that does not stop.
#include "../../native/executor.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "../../native/run.h"
#include "engine_test.h"
#include "small_plan.h"
#include "watched_backend.h"

namespace ds {
namespace {

using namespace std::chrono_literals;

// A device that falls behind and stays there until it is let go.
struct SlowDevice {
  std::atomic<bool> behind{false};
  std::atomic<int> asked{0};
  std::atomic<int> steps{0};
};

class SlowBackend final : public WatchedBackend {
 public:
  explicit SlowBackend(SlowDevice* device) : device_(device) {}
  void step_done() override { ++device_->steps; }
  bool ready(uint32_t ahead) override {
    ++device_->asked;
    check(ahead == 0 || ahead == kStepsAhead, "a step leaves two behind it, the end none");
    return !device_->behind;
  }

 private:
  SlowDevice* device_;
};

class EndListener final : public RunListener {
 public:
  explicit EndListener(std::promise<RunEnd>* end) : end_(end) {}
  void network_due() override {}
  bool progress_wanted(bool) noexcept override { return false; }
  void progressed(uint32_t, std::vector<float>) noexcept override {}
  void ended(RunEnd end) noexcept override { end_->set_value(std::move(end)); }

 private:
  std::promise<RunEnd>* end_;
};

// x' = 2 x, again and again.
Plan doubling(uint32_t steps) {
  Plan plan;
  plan.rows = 1, plan.elements = 1, plan.row_shape = {1}, plan.slots.assign(1, Dtype::kFloat32), plan.classes = 1;
  plan.row_class = {0}, plan.seeds = {1}, plan.results = {0};
  plan.programs.push_back({1, 0, {combine_stage(0, {{-1, -1, 0}}, {{0, false}})}});
  plan.programs.push_back({1, 0, {combine_stage(0, {{0, -1, 0}}, {{0, false}})}});
  plan.sequence.assign(steps + 1, 1), plan.sequence[0] = 0;
  plan.steps = steps;
  plan.words.assign(steps + 1, word_of_float(2.0f));
  plan.words[0] = 0;
  return plan;
}

struct LiveRun {
  LiveRun(Executor* executor, SlowDevice* device, uint32_t steps) {
    auto loop = std::make_unique<StepLoop>(std::make_unique<SlowBackend>(device), doubling(steps),
                                           std::vector<std::unique_ptr<Evaluator>>());
    run = std::make_shared<Run>(*executor, std::move(loop), std::vector<RunStart>(),
                                std::make_unique<EndListener>(&promise), std::make_shared<WorkCount>());
    check(executor->start(run), "the executor takes the run");
  }
  bool over(std::chrono::milliseconds patience) { return end.wait_for(patience) == std::future_status::ready; }

  std::promise<RunEnd> promise;
  std::future<RunEnd> end = promise.get_future();
  std::shared_ptr<Run> run;
};

// Deaf to cancel() until it is let go.
class StubbornTask final : public Task {
 public:
  explicit StubbornTask(std::future<void> let_go) : let_go_(std::move(let_go)) {}
  ~StubbornTask() override { gone.set_value(); }
  Turn advance() noexcept override {
    begun.set_value();
    let_go_.wait();
    return Turn::kEnded;
  }
  void cancel() noexcept override { ++cancels; }

  std::promise<void> begun, gone;
  std::atomic<int> cancels{0};

 private:
  std::future<void> let_go_;
};

class CountingTask final : public Task {
 public:
  explicit CountingTask(std::shared_ptr<std::atomic<int>> cancels) : cancels_(std::move(cancels)) {}
  Turn advance() noexcept override { return Turn::kEnded; }
  void cancel() noexcept override { ++*cancels_; }

 private:
  std::shared_ptr<std::atomic<int>> cancels_;  // the task may outlive the test
};

}  // namespace

void test_pacing() {
  Executor executor(1);
  SlowDevice slow, quick;
  slow.behind = true;
  LiveRun waiting(&executor, &slow, 3);
  LiveRun going(&executor, &quick, 1000);
  check(going.over(10s), "a run whose device is behind leaves the thread to another run");
  check(quick.steps == 1000 && slow.steps == 0, "one has made all of its steps, the other none");
  const int asked = slow.asked;
  std::this_thread::sleep_for(100ms);
  check(slow.asked > asked && slow.asked - asked < 4000, "with nothing else to do the thread asks now and then");
  check(!waiting.over(0ms), "the run still waits");
  slow.behind = false;
  check(waiting.over(10s) && slow.steps == 3 && !waiting.end.get().failed, "it goes on when its device has caught up");

  slow.behind = true;
  LiveRun cancelled(&executor, &slow, 3);
  cancelled.run->cancel();
  check(cancelled.over(10s) && cancelled.end.get().failure.code == FailureCode::kAborted, "a waiting run is cancelled");
  LiveRun stopped(&executor, &slow, 3);
  check(executor.stop(10s) && stopped.over(0ms) && stopped.end.get().failed, "stop() ends a waiting run");
}

void test_stop() {
  for (const bool outlives : {false, true}) {
    std::promise<void> let_go;
    auto task = std::make_shared<StubbornTask>(let_go.get_future());
    std::future<void> gone = task->gone.get_future();
    const auto cancels = std::make_shared<std::atomic<int>>(0);
    {
      Executor executor(1);
      executor.start(task);
      task->begun.get_future().wait();
      check(executor.start(std::make_shared<CountingTask>(cancels)), "a second task waits");
      const auto from = std::chrono::steady_clock::now();
      check(!executor.stop(60ms), "stop() does not wait for what does not stop");
      const auto took = std::chrono::steady_clock::now() - from;
      check(took >= 60ms && took < 2s && task->cancels > 1, "stop() has its patience and repeats the cancel");
      check(*cancels > 0, "what waits behind it is cancelled too");
      check(!executor.start(std::make_shared<CountingTask>(cancels)), "a stopped executor takes nothing");
      task.reset();
      if (!outlives) {
        let_go.set_value();
        check(executor.stop(10s), "a later stop() joins");
      }
    }
    if (outlives) let_go.set_value();
    check(gone.wait_for(10s) == std::future_status::ready, "the last thread ends by itself and frees its task");
  }
}

}  // namespace ds
