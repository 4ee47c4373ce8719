// A run as a task on an executor: what its listener hears of steps, previews and foreign networks.
#include "../../native/run.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "engine_test.h"
#include "small_plan.h"
#include "watched_backend.h"

namespace ds {
namespace {

constexpr uint32_t kSteps = 4;
constexpr size_t kValues = 6;

// Counts what a device would have to wait for.
class CountingBackend final : public WatchedBackend {
 public:
  explicit CountingBackend(int* downloads) : downloads_(downloads) {}
  void download(void* to, const void* from, size_t bytes) override {
    ++*downloads_;
    WatchedBackend::download(to, from, bytes);
  }

 private:
  int* downloads_;
};

struct Heard {
  uint32_t steps;
  std::vector<float> preview;
};

struct Story {
  std::mutex mutex;
  std::condition_variable changed;
  bool due = false, over = false;
  std::vector<Heard> heard;
  RunEnd end;
};

// Wants every `every`-th message, as a JavaScript thread does that is busy in between, and the last one.
class StoryListener final : public RunListener {
 public:
  StoryListener(Story* story, uint32_t every) : story_(story), every_(every) {}
  void network_due() override {
    tell([](Story& story) { story.due = true; });
  }
  bool progress_wanted(bool last) noexcept override { return ++asked_ % every_ == 0 || last; }
  void progressed(uint32_t steps, std::vector<float> preview) noexcept override {
    tell([&](Story& story) { story.heard.push_back({steps, std::move(preview)}); });
  }
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
  const uint32_t every_;
  uint32_t asked_ = 0;
};

// x' = 2 x, then the network at x' from t to t + 100: a step that ends with a network.
Plan ends_with_network(int32_t preview) {
  Plan plan;
  plan.rows = 2, plan.elements = 3, plan.row_shape = {3}, plan.slots.assign(2, Dtype::kFloat32), plan.classes = 1;
  plan.row_class = {0, 0};
  plan.seeds = {1, 2};
  plan.starts = {0};
  plan.results = {0};
  plan.preview = preview;
  plan.programs.push_back({1, 2, {combine_stage(0, {{0, -1, 0}}, {{0, false}}), evaluate_stage(0, 0, 1, {{0, 1}})}});
  plan.sequence.assign(kSteps, 0);
  plan.steps = kSteps;
  for (uint32_t step = 0; step < kSteps; ++step) {
    plan.words.push_back(word_of_float(2.0f));
    plan.times.insert(plan.times.end(), {static_cast<float>(step), static_cast<float>(step) + 100});
  }
  return plan;
}

// Runs it with the network's answer x + t; returns how often the host waited for data.
int live(const Plan& plan, uint32_t every, Story* story) {
  int downloads = 0;
  Executor executor(1);
  std::vector<std::unique_ptr<Evaluator>> evaluators(1);
  auto loop = std::make_unique<StepLoop>(std::make_unique<CountingBackend>(&downloads), plan, std::move(evaluators));
  const auto backend = make_cpu_backend(kScalarLanes, std::make_shared<HostMemory>());
  const std::shared_ptr<Buffer> start = backend->allocate(kValues * sizeof(float));
  auto* values = static_cast<float*>(start->data());
  for (size_t i = 0; i < kValues; ++i) values[i] = static_cast<float>(i);
  auto run = std::make_shared<Run>(executor, std::move(loop), std::vector<RunStart>{{values, start}},
                                   std::make_unique<StoryListener>(story, every), std::make_shared<WorkCount>());
  check(executor.start(run), "the executor takes the run");
  for (uint32_t step = 0;; ++step) {
    {
      std::unique_lock<std::mutex> lock(story->mutex);
      story->changed.wait(lock, [&] { return story->due || story->over; });
      if (story->over) break;
      story->due = false;
    }
    DueCall call{};
    check(run->due(&call) && call.second_time && call.values == kValues, "a flow map is due");
    std::vector<float> x(kValues), t(2), r(2), out(kValues);
    check(run->take_input(x.data(), t.data(), r.data()), "the due call has its input");
    check(t[1] == static_cast<float>(step) && r[1] == t[1] + 100, "the network sees both of its times");
    for (size_t i = 0; i < kValues; ++i) out[i] = x[i] + t[0];
    run->answer(out.data());
  }
  check(!story->end.failed, "the run ends well: " + story->end.failure.message);
  check(executor.stop(std::chrono::seconds(10)), "an idle executor stops");
  return downloads;
}

}  // namespace

void test_preview() {
  for (const uint32_t every : {1u, 3u}) {
    for (const int32_t slot : {0, 1}) {
      Story story;
      const int downloads = live(ends_with_network(slot), every, &story);
      check(story.heard.size() == (kSteps + every - 1) / every, "a preview goes with each progress that is wanted");
      check(!story.heard.empty() && story.heard.back().steps == kSteps, "the last step is told before the end");
      check(downloads == static_cast<int>(story.heard.size()) + 1, "what nobody would hear of is not copied");
      for (const Heard& heard : story.heard) {
        check((heard.steps % every == 0 || heard.steps == kSteps) && heard.preview.size() == kValues,
              "a preview comes with its step");
        const float scale = static_cast<float>(1u << heard.steps), shift = static_cast<float>(heard.steps - 1);
        for (size_t i = 0; i < heard.preview.size(); ++i) {
          const float expected = static_cast<float>(i) * scale + (slot == 1 ? shift : 0.0f);
          check(heard.preview[i] == expected, "the preview shows slot " + std::to_string(slot) + " as step " +
                                                  std::to_string(heard.steps) + " left it");
        }
      }
    }
  }
  Story story;
  check(live(ends_with_network(-1), 1, &story) == 1, "without a preview only the end of a run waits");
  check(story.heard.size() == kSteps && story.heard[0].preview.empty(), "without a preview progress carries none");
}

}  // namespace ds
