// Every allocation of a run fails once, alone and with all that follow it: the run ends in a typed failure or does
// without, everything is given back, and the next run has the same bits.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "../../cuda/failure.h"
#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "../../native/nets/gaussian_mixture.h"
#include "../../native/onnx/onnx_session.h"
#include "../../native/run.h"
#include "../../native/transfer.h"
#include "allocation_faults.h"
#include "engine_test.h"
#include "small_plan.h"

namespace ds {
namespace {

constexpr uint64_t kEver = UINT64_MAX;
constexpr std::chrono::seconds kHung(30);
constexpr const char* kLibrary = "node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1";
constexpr const char* kModel = "models/digits-sit.onnx";

using Evaluators = std::vector<std::unique_ptr<Evaluator>>;

struct Network {
  const char* name;
  std::vector<int64_t> row_shape;
  std::function<Evaluators(int64_t rows)> bind;
};

struct Story {
  std::mutex mutex;
  std::condition_variable changed;
  bool due = false, over = false;
  RunEnd end;
};

class StoryListener final : public RunListener {
 public:
  explicit StoryListener(Story* story) : story_(story) {}
  void network_due() override {
    tell([](Story& story) { story.due = true; });
  }
  bool progress_wanted(bool) noexcept override { return true; }
  void progressed(uint32_t, std::vector<float>) noexcept override {}
  void ended(RunEnd end) noexcept override {
    tell([&](Story& story) { story.end = std::move(end), story.over = true; });
  }

 private:
  template <class Change>
  void tell(const Change& change) {
    const std::lock_guard<std::mutex> lock(story_->mutex);
    change(*story_);
    story_->changed.notify_all();
  }

  Story* story_;
};

// What came of it: the bits, or a failure that callers are told as out of memory.
struct Outcome {
  bool succeeded = false;
  bool out_of_memory = false;
  std::string other;  // what it was if neither
  std::vector<float> values;
};

// Fresh noise and a start of the caller's; x' = x + c v + d z, shown after each step if `preview` is 0, with -1 never.
Plan noisy_plan(const std::vector<int64_t>& row_shape, uint32_t steps, int32_t preview) {
  Plan plan;
  plan.rows = 2, plan.row_shape = row_shape, plan.elements = 1;
  for (const int64_t dimension : row_shape) plan.elements *= dimension;
  plan.slots.assign(3, Dtype::kFloat32), plan.classes = 1, plan.row_class = {0, 0}, plan.seeds = {1, 2};
  plan.starts = {0}, plan.results = {0}, plan.preview = preview, plan.steps = steps;
  plan.programs.push_back({2, 0, {combine_stage(1, {{-1, -1, 0}}, {{2, false}})}});
  plan.programs.push_back(
      {4,
       1,
       {evaluate_stage(0, 0, -1, {{0, 1}}), combine_stage(1, {{0, -1, 0}, {1, 0, 0}, {2, -1, 0}}, {{0, false}})}});
  plan.sequence.assign(1 + steps, 1);
  plan.sequence[0] = 0;
  plan.words = {7, word_of_float(1.0f)};
  for (uint32_t step = 0; step < steps; ++step) {
    plan.words.insert(plan.words.end(), {0, word_of_float(1.0f), word_of_float(-0.25f), word_of_float(0.125f)});
    plan.times.push_back(0.75f - 0.25f * static_cast<float>(step % 2));
  }
  return plan;
}

// Answers x + t until the run is over.
void answer_networks(Run* run, Story* story) {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(story->mutex);
      if (!story->changed.wait_for(lock, kHung, [&] { return story->due || story->over; })) {
        std::printf("FAILED: a run hangs\n");
        std::fflush(stdout);
        std::_Exit(1);
      }
      if (story->over) return;
      story->due = false;
    }
    const faults::Pause pause;
    DueCall call{};
    if (!run->due(&call)) continue;
    std::vector<float> x(call.values), t(call.rows), out(call.values);
    if (!run->take_input(x.data(), t.data(), nullptr)) continue;
    for (size_t i = 0; i < out.size(); ++i) out[i] = x[i] + t[0];
    run->answer(out.data());
  }
}

void conclude(const Story& story, size_t values, Outcome* outcome) {
  const faults::Pause pause;
  outcome->succeeded = !story.end.failed;
  outcome->out_of_memory = story.end.failed && story.end.failure.code == FailureCode::kOutOfMemory;
  if (!outcome->succeeded && !outcome->out_of_memory) outcome->other = "the run's end: " + story.end.failure.message;
  if (!outcome->succeeded) return;
  const auto* from = static_cast<const float*>(story.end.results.at(0)->data());
  outcome->values.assign(from, from + values);
}

// Left to itself an executor does not wait for its threads, and what they still hold would count as leaked.
struct JoinedExecutor {
  Executor executor{2};
  ~JoinedExecutor() {
    const bool stopped = executor.stop(kHung);
    const faults::Pause pause;
    check(stopped, "an executor stops");
  }
};

struct CountedMemory {
  const std::shared_ptr<HostMemory> memory = std::make_shared<HostMemory>();
  ~CountedMemory() {
    const faults::Pause pause;
    check(memory->live_bytes == 0, "all memory is given back");
  }
};

// One run from nothing to its end, with all that it needs of the engine.
void live(const Network& network, uint32_t steps, int32_t preview, Outcome* outcome) {
  const Plan* pattern = nullptr;
  std::unique_ptr<Plan> made;
  {
    const faults::Pause pause;
    made = std::make_unique<Plan>(noisy_plan(network.row_shape, steps, preview));
    pattern = made.get();
  }
  const auto values = static_cast<size_t>(pattern->rows * pattern->elements);
  const CountedMemory counted;
  const std::shared_ptr<HostMemory>& memory = counted.memory;
  Story story;
  Transfer transfer(make_cpu_backend(kScalarLanes, memory));
  JoinedExecutor joined;
  Executor& executor = joined.executor;
  Plan plan = *pattern;
  std::vector<float> ones(values, 1.0f);
  std::shared_ptr<Buffer> start = transfer.upload(ones.data(), values);
  std::vector<RunStart> starts{{static_cast<const float*>(start->data()), start}};
  Evaluators evaluators = network.bind(plan.rows);
  auto loop =
      std::make_unique<StepLoop>(make_cpu_backend(kScalarLanes, memory), std::move(plan), std::move(evaluators));
  auto run = std::make_shared<Run>(executor, std::move(loop), std::move(starts),
                                   std::make_unique<StoryListener>(&story), std::make_shared<WorkCount>());
  if (!executor.start(run)) throw Failure(FailureCode::kInternal, "the executor does not take the run");
  answer_networks(run.get(), &story);
  conclude(story, values, outcome);
}

// `act` may throw what the border turns into typed errors.
template <class Act>
Outcome attempt(uint64_t first, uint64_t last, uint64_t* failed, const Act& act) {
  Outcome outcome;
  faults::arm(first, last);
  try {
    act(&outcome);
  } catch (const Failure& failure) {
    const faults::Pause pause;
    outcome.out_of_memory = failure.code == FailureCode::kOutOfMemory;
    outcome.other = failure.what();
  } catch (const std::bad_alloc&) {
    outcome.out_of_memory = true;
  } catch (const std::exception& error) {
    const faults::Pause pause;
    outcome.other = error.what();
  }
  *failed = faults::failed();
  faults::arm(0, 0);
  return outcome;
}

// Calls visit(first, last, where) for each way to fail until an attempt reports that nothing failed any more.
template <class Visit>
uint64_t sweep(const char* name, const Visit& visit) {
  uint64_t faults_survived = 0;
  for (const bool alone : {true, false}) {
    for (uint64_t n = 1;; ++n) {
      const std::string where = std::string(name) + ", allocation " + std::to_string(n) + (alone ? "" : " and on");
      const uint64_t failed = visit(n, alone ? n : kEver, where);
      if (failed == 0) break;
      ++faults_survived;
    }
  }
  return faults_survived;
}

void sweep_runs(const Network& network) {
  uint64_t failed = 0;
  const auto once = [&](Outcome* outcome) { live(network, 2, 0, outcome); };
  const Outcome good = attempt(0, 0, &failed, once);
  check(good.succeeded, std::string(network.name) + ": a run without faults succeeds: " + good.other);
  if (!good.succeeded) return;
  attempt(0, 0, &failed, once);
  const int64_t blocks = faults::live_blocks();
  uint64_t without = 0;
  const uint64_t survived = sweep(network.name, [&](uint64_t first, uint64_t last, const std::string& where) {
    const int64_t before = faults::live_blocks();
    {
      const Outcome outcome = attempt(first, last, &failed, once);
      check(outcome.succeeded || outcome.out_of_memory,
            where + ": ends as out of memory, or does without: " + outcome.other);
      check(!outcome.succeeded || outcome.values == good.values, where + ": a success has the bits of any other");
      without += outcome.succeeded && failed > 0;
    }
    const int64_t leaked = faults::live_blocks() - before;
    check(leaked == 0, where + ": leaks blocks, " + std::to_string(leaked));
    uint64_t none = 0;
    const Outcome next = attempt(0, 0, &none, once);
    check(next.succeeded && next.values == good.values, where + ": the next run has the same bits");
    return failed;
  });
  check(survived > 60, std::string(network.name) + ": a run has some dozens of allocations");
  const int64_t more = faults::live_blocks() - blocks;
  check(more == 0, std::string(network.name) + ": holds more blocks than before, " + std::to_string(more));
  std::printf("allocation faults, %s: %llu survived, %llu of them without a failure\n", network.name,
              static_cast<unsigned long long>(survived), static_cast<unsigned long long>(without));
}

// What a run allocates does not depend on how many steps it has: none of them does. The lists of steps themselves grow
// to the same capacity for both numbers.
void steps_allocate_nothing(const Network& network) {
  const auto allocations = [&](uint32_t steps) {
    uint64_t failed = 0, counted = 0;
    const Outcome outcome = attempt(0, 0, &failed, [&](Outcome* each) {
      live(network, steps, -1, each);
      counted = faults::counted();
    });
    check(outcome.succeeded, std::string(network.name) + ": a run succeeds: " + outcome.other);
    return counted;
  };
  allocations(33);  // what is made once for all runs
  const uint64_t few = allocations(33), many = allocations(63);
  check(few > 20 && few == many, std::string(network.name) + ": 33 steps allocate " + std::to_string(few) +
                                     " times, and 63 steps " + std::to_string(many));
}

Evaluators just(std::unique_ptr<Evaluator> evaluator) {
  Evaluators evaluators;
  evaluators.push_back(std::move(evaluator));
  return evaluators;
}

Evaluators bind_mixture(int64_t) {
  GaussianMixture mixture{};
  mixture.kind = MixtureKind::kSit;
  mixture.weights = {1.0f, 2.0f}, mixture.deviations = {0.5f, 0.25f}, mixture.classes = {0, 1};
  mixture.means = {0.0f, 1.0f, 2.0f, -1.0f, 0.5f, 0.0f};
  return just(bind_gaussian_mixture(make_gaussian_mixture(std::move(mixture)), {1, -1}));
}

// The library stays in the process once it is loaded, so loading has its faults before anything else does.
std::shared_ptr<OnnxSession> sweep_loading() {
  std::shared_ptr<OnnxSession> session;
  uint64_t failed = 0;
  const auto load = [&](Outcome* outcome) {
    session = OnnxSession::load(kLibrary, kModel, {}, 1);
    outcome->succeeded = true;
  };
  const uint64_t survived = sweep("loading a model", [&](uint64_t first, uint64_t last, const std::string& where) {
    session.reset();
    const Outcome outcome = attempt(first, last, &failed, load);
    check(outcome.succeeded || outcome.out_of_memory,
          where + ": ends as out of memory, or does without: " + outcome.other);
    return failed;
  });
  std::printf("allocation faults, loading a model: %llu survived\n", static_cast<unsigned long long>(survived));
  attempt(0, 0, &failed, load);
  return session;
}

void sweep_onnx() {
  if (!std::filesystem::exists(kLibrary) || !std::filesystem::exists(kModel)) {
    std::printf("allocation faults, onnx: not swept, as %s or %s is not there\n", kLibrary, kModel);
    return;
  }
  const std::shared_ptr<OnnxSession> session = sweep_loading();
  check(session != nullptr, "the model loads once nothing fails");
  if (!session) return;
  const Network network{"onnx", {1, 28, 28}, [&](int64_t rows) {
                          HostTensor labels{"y", TensorType::kInt64, {rows}, {}};
                          labels.bytes.resize(static_cast<size_t>(rows) * sizeof(int64_t));
                          std::vector<HostTensor> extra;
                          extra.push_back(std::move(labels));
                          return just(session->bind({"x", "t", "", "v"}, rows, {1, 28, 28}, std::move(extra)));
                        }};
  sweep_runs(network);
  steps_allocate_nothing(network);
}

}  // namespace

void test_allocation_sweep() {
  if (!faults::watch(nullptr)) {
    std::printf("allocation faults: not swept, as only glibc's allocator can be stood in for\n");
    return;
  }
  const Network foreign{"foreign", {3}, [](int64_t) { return Evaluators(1); }}, exact{"exact", {3}, bind_mixture};
  for (const Network& network : {foreign, exact}) {
    sweep_runs(network);
    steps_allocate_nothing(network);
  }
  sweep_onnx();
}

}  // namespace ds
