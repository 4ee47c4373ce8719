// Work that threads share: every part once, on whoever is free, and the bits of a single thread.
#include "../../native/cpu/crew.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../../cuda/combine.h"
#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "../../native/cpu/float_mode.h"
#include "../../native/cpu/pass_parts.h"
#include "../../native/executor.h"
#include "engine_test.h"

namespace ds {
namespace {

using namespace std::chrono_literals;

// Until `holds`, or far too long.
bool comes(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!holds() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  return holds();
}

// One turn of a function.
class OneTurn final : public Task {
 public:
  explicit OneTurn(std::function<void()> work) : work_(std::move(work)) {}
  Turn advance() noexcept override {
    work_();
    over.set_value();
    return Turn::kEnded;
  }
  void cancel() noexcept override {}
  std::promise<void> over;

 private:
  std::function<void()> work_;
};

std::future<void> start(Executor* executor, std::function<void()> work) {
  const auto task = std::make_shared<OneTurn>(std::move(work));
  std::future<void> over = task->over.get_future();
  check(executor->start(task), "the executor takes the task");
  return over;
}

template <class Do>
void share(Crew* crew, int64_t parts, const Do& part) {
  crew->share(
      parts, [](const void* context, int64_t index) noexcept { (*static_cast<const Do*>(context))(index); }, &part);
}

void check_parts(int64_t rows, int64_t elements, int64_t size) {
  const std::string name =
      std::to_string(rows) + " x " + std::to_string(elements) + " in parts of " + std::to_string(size);
  const PassParts parts(rows, elements, size);
  std::vector<char> done(static_cast<size_t>(rows * elements));
  bool whole = true, once = true;
  int64_t largest = 0;
  for (int64_t p = 0; p < parts.count(); ++p) {
    const CombinePart part = parts[p];
    whole = whole && part.first_element % 64 == 0 && part.rows > 0 && part.elements > 0;
    whole = whole && part.first_row + part.rows <= rows && part.first_element + part.elements <= elements;
    largest = std::max(largest, part.rows * part.elements);
    for (int64_t r = part.first_row; whole && r < part.first_row + part.rows; ++r) {
      for (int64_t e = part.first_element; e < part.first_element + part.elements; ++e) {
        char& element = done[static_cast<size_t>(r * elements + e)];
        once = once && element == 0;
        element = 1;
      }
    }
  }
  check(whole, name + ": each begins at a tile and lies within the pass");
  check(once && std::count(done.begin(), done.end(), 1) == rows * elements, name + ": every element once");
  check(largest < 2 * size + 64, name + ": none is large");
}

}  // namespace

void test_pass_parts() {
  for (const int64_t rows : {1, 2, 7, 100}) {
    for (const int64_t elements : {1, 3, 64, 65, 128, 1000, 4097}) {
      for (const int64_t size : {1, 63, 64, 100, 1024, 1 << 20}) check_parts(rows, elements, size);
    }
  }
  check(PassParts(1, int64_t{1} << 40, int64_t{1} << 18).count() == int64_t{1} << 22, "a single long row is cut");
  check(PassParts(int64_t{1} << 30, 1, int64_t{1} << 18).count() == int64_t{1} << 12, "short rows go together");
}

void test_crew() {
  for (const int threads : {1, 2, 3, 8}) {
    Executor executor(threads);
    const std::shared_ptr<Crew> crew = executor.crew();
    // As many tasks as threads, and one more.
    std::vector<std::future<void>> over;
    std::atomic<int64_t> wrong{0};
    for (int t = 0; t <= threads; ++t) {
      over.push_back(start(&executor, [&] {
        for (int64_t parts = 0; parts < 200; ++parts) {
          std::vector<std::atomic<int>> done(static_cast<size_t>(parts));
          share(crew.get(), parts, [&](int64_t part) { ++done[static_cast<size_t>(part)]; });
          for (const std::atomic<int>& each : done) wrong += each != 1;
        }
      }));
    }
    for (std::future<void>& each : over) each.wait();
    check(wrong == 0, std::to_string(threads) + " threads: each part is done once, and before share() returns");

    // Parts that wait for each other need all threads at once, asleep as they are by then.
    std::this_thread::sleep_for(20ms);
    std::atomic<int> arrived{0};
    start(&executor, [&] {
      share(crew.get(), threads, [&](int64_t) {
        ++arrived;
        check(comes([&] { return arrived == threads; }), std::to_string(threads) + " threads: all lend a hand");
      });
    }).wait();
  }
}

void test_crew_turns() {
  Executor executor(2);
  const std::shared_ptr<Crew> crew = executor.crew();
  std::atomic<bool> came{false}, begun{false};
  std::atomic<int> helped{0}, helped_before{0};
  std::future<void> second;
  start(&executor, [&] {
    const std::thread::id owner = std::this_thread::get_id();
    share(crew.get(), 64, [&](int64_t) {
      if (std::this_thread::get_id() == owner) {
        check(comes([&] { return came.load(); }), "the other thread leaves parts for a task");
        return;
      }
      ++helped;
      if (!came) ++helped_before;
      if (!begun.exchange(true)) second = start(&executor, [&] { came = true; });
    });
  }).wait();
  check(helped >= 1 && helped_before == 1, "a task goes before the next part");
}

void test_crew_stop() {
  std::atomic<int> done{0}, begun{0};
  Executor executor(3);
  const std::shared_ptr<Crew> crew = executor.crew();
  std::future<void> over = start(&executor, [&] {
    share(crew.get(), 60, [&](int64_t) {
      ++begun;
      std::this_thread::sleep_for(1ms);
      ++done;
    });
  });
  check(comes([&] { return begun >= 3; }), "the parts have begun");
  check(executor.stop(10s), "all threads leave");
  check(over.wait_for(0s) == std::future_status::ready && done == 60, "no part is left undone by stop()");
}

// What the spy below sees.
namespace {

std::atomic<int> spied{0};
std::atomic<int> in_another_mode{0};

bool float_mode_is_default() {
#if defined(__x86_64__)
  return (_mm_getcsr() & ~0x3Fu) == 0x1F80u;
#elif defined(__aarch64__)
  return __builtin_aarch64_get_fpcr() == 0;
#else
  return true;
#endif
}

// As foreign code might leave it.
void spoil_float_mode() {
#if defined(__x86_64__)
  _mm_setcsr(0x9FC0u);
#elif defined(__aarch64__)
  __builtin_aarch64_set_fpcr(1u << 24);
#endif
}

void spy(const CombineArgs&, const CombinePart&) {
  if (!float_mode_is_default()) ++in_another_mode;
  ++spied;
  check(comes([] { return spied >= 2; }), "two threads are in one pass");
}

}  // namespace

void test_shared_float_mode() {
  const LaneTable lanes{"spy", spy, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
  Executor executor(1, spoil_float_mode);
  const auto backend = make_cpu_backend(lanes, std::make_shared<HostMemory>(), executor.crew());
  CombineArgs args{};
  args.rows = 1, args.elements = 1 << 20, args.term_count = 1, args.output_count = 1;
  args.terms[0].base = &args;
  spied = in_another_mode = 0;
  backend->combine(args);
  check(spied == 2 * (1 << 20) / (1 << 18), "a pass is cut by what it reads and writes");
  check(in_another_mode == 0, "who lends a hand does so in the default mode");

  // What is small is done whole, here.
  spied = 1;
  args.rows = 3, args.elements = 1 << 16;
  backend->combine(args);
  check(spied == 2, "a small pass is not cut");
}

void test_smallest_status() {
  // Four threads with numbers of their own, each falling: none may ever be put back. Long enough that two are at it at
  // the same time.
  constexpr unsigned long long kFrom = 12'000'000;
  unsigned long long status = kStatusClean;
  std::atomic<int> lost{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned long long candidate = kFrom + t; candidate >= 4; candidate -= 4) {
        keep_smallest(&status, candidate);
        if (__atomic_load_n(&status, __ATOMIC_RELAXED) > candidate) ++lost;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  check(lost == 0 && status == 4, "the smallest status stays, whoever writes it");
}

}  // namespace ds
