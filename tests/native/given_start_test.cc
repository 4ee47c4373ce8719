// What a run starts from: read where it lies, never copied in host memory, never written to, let go as soon as it can
// be.
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../../cuda/step_loop.h"
#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "../../native/run.h"
#include "engine_test.h"
#include "small_plan.h"
#include "watched_backend.h"

namespace ds {
namespace {

constexpr int64_t kRows = 2, kElements = 5;
constexpr size_t kValues = kRows * kElements;

class CopyCountingBackend final : public WatchedBackend {
 public:
  explicit CopyCountingBackend(int* copies) : copies_(copies) {}
  void upload(void* to, const void* from, size_t bytes) override {
    if (bytes == kValues * sizeof(float)) ++*copies_;
    WatchedBackend::upload(to, from, bytes);
  }
  void copy(void* to, const void* from, size_t bytes) override {
    ++*copies_;
    WatchedBackend::copy(to, from, bytes);
  }

 private:
  int* copies_;
};

// u = 2 x; remembers where it read.
class Doubling final : public Evaluator {
 public:
  explicit Doubling(std::vector<const void*>* inputs) : inputs_(inputs) {}
  void evaluate(const NetworkCall& call) override {
    inputs_->push_back(call.input);
    for (size_t i = 0; i < kValues; ++i)
      static_cast<float*>(call.output)[i] = 2 * static_cast<const float*>(call.input)[i];
  }

 private:
  std::vector<const void*>* inputs_;
};

// Slots x, u, w and v, all given: x' = x + u + w + v, where evaluator 0 makes u of x, a foreign one v of x, and w
// stays. The networks of a step come before its pass or behind it.
Plan given_plan(bool networks_first) {
  Plan plan;
  plan.rows = kRows, plan.elements = kElements, plan.row_shape = {kElements}, plan.classes = 1;
  plan.slots.assign(4, Dtype::kFloat32);
  plan.row_class = {0, 0};
  plan.seeds = {1, 2};
  plan.starts = {0, 1, 2, 3};
  plan.results = {0, 1, 2, 3};
  plan.preview = 2;
  const Stage pass = combine_stage(0, {{0, -1, 0}, {1, 0, 0}, {2, -1, 0}, {3, 1, 0}}, {{0, false}});
  const Stage networks = evaluate_stage(0, 0, -1, {{0, 1}, {1, 3}});
  plan.programs.push_back(
      {4, 1, networks_first ? std::vector<Stage>{networks, pass} : std::vector<Stage>{pass, networks}});
  plan.sequence = {0, 0};
  plan.steps = 2;
  plan.words.assign(8, word_of_float(1.0f));
  plan.times = {1.0f, 0.5f};
  return plan;
}

using Values = std::vector<float>;

void follow_given_plan(bool networks_first) {
  const std::string name = networks_first ? "networks, then a pass: " : "a pass, then networks: ";
  std::vector<Values> starts(4, Values(kValues));
  for (size_t s = 0; s < starts.size(); ++s) {
    for (size_t i = 0; i < kValues; ++i) starts[s][i] = static_cast<float>(100 * s + i);
  }
  const std::vector<Values> before = starts;
  std::vector<Values> expected = starts;
  const auto ask = [&] {
    for (size_t i = 0; i < kValues; ++i) expected[1][i] = 2 * expected[0][i], expected[3][i] = expected[0][i] + 1;
  };
  for (int step = 0; step < 2; ++step) {
    if (networks_first) ask();
    for (size_t i = 0; i < kValues; ++i) expected[0][i] += expected[1][i] + expected[2][i] + expected[3][i];
    if (!networks_first) ask();
  }

  int copies = 0;
  std::vector<const void*> native_inputs, foreign_inputs;
  std::vector<std::unique_ptr<Evaluator>> evaluators(2);
  evaluators[0] = std::make_unique<Doubling>(&native_inputs);
  StepLoop loop(std::make_unique<CopyCountingBackend>(&copies), given_plan(networks_first), std::move(evaluators));
  std::vector<const float*> arrays;
  for (const Values& start : starts) arrays.push_back(start.data());
  loop.start_from(arrays);
  loop.begin();
  uint32_t steps = 0;
  for (Advance advance; (advance = loop.advance()) != Advance::kDone;) {
    check(loop.reads_starts(), name + "what nothing has written is read to the end");
    if (advance == Advance::kForeign) {
      const ForeignCall& call = loop.foreign();
      foreign_inputs.push_back(call.input);
      for (size_t i = 0; i < kValues; ++i) call.output[i] = call.input[i] + 1;
      loop.resume();
    }
    if (loop.steps_done() == steps) continue;
    steps = loop.steps_done();
    Values preview(kValues);
    loop.read_preview(preview.data());
    check(preview == before[2], name + "a preview shows what was given");
  }
  check(!loop.reads_starts(), name + "a run that is done reads no more");
  check(copies == 1, name + "nothing is copied but the one result that nothing has written");
  const std::vector<BufferPtr> results = loop.take_results();
  for (size_t s = 0; s < starts.size(); ++s) {
    check(same_bits(static_cast<const float*>(results[s]->data()), expected[s].data(), kValues),
          name + "the values of slot " + std::to_string(s));
    check(results[s]->data() != starts[s].data(), name + "a result is its owner's own");
  }
  check(starts == before, name + "what was given is never written to");
  for (const auto& inputs : {native_inputs, foreign_inputs}) {
    check(inputs.size() == 2 && (inputs[0] == starts[0].data()) == networks_first && inputs[1] != starts[0].data(),
          name + "a network reads a start where it lies, until a pass has written the state");
  }
}

// x' = 2 x, then a foreign network of x'.
Plan doubling_plan() {
  Plan plan = given_plan(false);
  plan.slots.resize(2);
  plan.starts = {0}, plan.results = {0}, plan.preview = -1;
  plan.programs = {{1, 1, {combine_stage(0, {{0, -1, 0}}, {{0, false}}), evaluate_stage(0, 0, -1, {{0, 1}})}}};
  plan.words.assign(2, word_of_float(2.0f));
  return plan;
}

class SilentListener final : public RunListener {
 public:
  explicit SilentListener(std::atomic<bool>* due) : due_(due) {}
  void network_due() override { due_->store(true); }
  bool progress_wanted(bool) noexcept override { return false; }
  void progressed(uint32_t, std::vector<float>) noexcept override {}
  void ended(RunEnd) noexcept override {}

 private:
  std::atomic<bool>* due_;
};

// Keeps its thread until it is let go, or cancelled.
class Occupation final : public Task {
 public:
  Turn advance() noexcept override {
    begun.store(true);
    while (!over.load()) std::this_thread::yield();
    return Turn::kEnded;
  }
  void cancel() noexcept override {}
  std::atomic<bool> begun{false}, over{false};
};

// Answers when it is let go, whatever is asked of it.
class Blocked final : public Evaluator {
 public:
  explicit Blocked(Occupation* until) : until_(until) {}
  void evaluate(const NetworkCall&) override { until_->advance(); }

 private:
  Occupation* until_;
};

struct KeptRun {
  explicit KeptRun(const Executor& executor, Plan plan = doubling_plan(),
                   std::vector<std::unique_ptr<Evaluator>> evaluators = std::vector<std::unique_ptr<Evaluator>>(1)) {
    auto values = std::make_shared<Values>(kValues, 1.0f);
    kept = values;
    std::vector<RunStart> starts;
    for (size_t i = 0; i < plan.starts.size(); ++i) starts.push_back({values->data(), values});
    auto loop = std::make_unique<StepLoop>(make_cpu_backend(kScalarLanes, std::make_shared<HostMemory>()),
                                           std::move(plan), std::move(evaluators));
    run = std::make_shared<Run>(executor, std::move(loop), std::move(starts), std::make_unique<SilentListener>(&due),
                                std::make_shared<WorkCount>());
  }

  std::atomic<bool> due{false};
  std::weak_ptr<Values> kept;
  std::shared_ptr<Run> run;
};

void wait_for(const std::atomic<bool>& flag) {
  while (!flag.load()) std::this_thread::yield();
}

}  // namespace

void test_given_starts() {
  follow_given_plan(true);
  follow_given_plan(false);
}

void test_kept_starts() {
  Executor executor(1);
  KeptRun parked(executor);
  check(!parked.kept.expired(), "a run keeps what it starts from");
  check(executor.start(parked.run), "the executor takes the run");
  wait_for(parked.due);
  check(parked.kept.expired(), "what a pass has read for the last time is let go, while the run goes on");

  const auto occupation = std::make_shared<Occupation>();
  KeptRun queued(executor);
  check(executor.start(occupation) && executor.start(queued.run), "the executor takes two tasks");
  wait_for(occupation->begun);
  check(!queued.kept.expired(), "a run that has not begun keeps what it starts from");
  queued.run->cancel();
  check(queued.kept.expired(), "a run that is cancelled between turns lets go at once");
  occupation->over.store(true);

  Occupation call;
  std::vector<std::unique_ptr<Evaluator>> evaluators(2);
  evaluators[0] = std::make_unique<Blocked>(&call);
  KeptRun busy(executor, given_plan(true), std::move(evaluators));
  const auto next = std::make_shared<Occupation>();
  check(executor.start(busy.run) && executor.start(next), "the executor takes two tasks more");
  wait_for(call.begun);
  busy.run->cancel();
  check(!busy.kept.expired(), "a run that is cancelled in a turn keeps what it may be reading");
  call.over.store(true);
  wait_for(next->begun);
  check(busy.kept.expired(), "and lets go at the end of that turn");
  next->over.store(true);
  check(executor.stop(std::chrono::seconds(10)), "the executor stops");
}

}  // namespace ds
