// Runs every mistake in a process of its own and reads what it left on the standard error output.
#include "planted.h"

#include <cuda_sim.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace planted {
namespace {

constexpr int kSeeds = 300;
// What a planted race may come to: fewer, and a test over some seeds could miss it; more, and the seed chooses nothing.
constexpr double kLeast = 0.25, kMost = 0.9;

int failures = 0;
// Only the tests whose names contain it.
std::string wanted;
bool skipped(const std::string& name) { return name.find(wanted) == std::string::npos; }

void verdict(bool good, const std::string& name, const std::string& why) {
  std::printf("%s  %s%s\n", good ? "ok    " : "FAILED", name.c_str(), why.empty() ? "" : (": " + why).c_str());
  if (!good) ++failures;
}

struct Outcome {
  int status;
  std::string errors;
};

Outcome in_a_process(const std::function<int()>& body) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    const int code = body();
    // The parent's buffers and owners are not the child's.
    _exit(code);
  }
  close(ends[1]);
  Outcome outcome{0, ""};
  char piece[4096];
  for (ssize_t count; (count = read(ends[0], piece, sizeof piece)) > 0;) {
    outcome.errors.append(piece, static_cast<size_t>(count));
  }
  close(ends[0]);
  waitpid(child, &outcome.status, 0);
  return outcome;
}

std::string excerpt(const std::string& text) { return text.empty() ? "nothing" : "'" + text.substr(0, 400) + "'"; }

int finished(bool good) {
  for (const std::string& leak : cuda_sim::leaks())
    std::fprintf(stderr, "cuda-sim: never given back: %s\n", leak.c_str());
  return good ? 0 : 3;
}

// Whether it showed.
bool run_seed(int seed, bool wrong, const std::function<bool(bool)>& body) {
  const Outcome outcome = in_a_process([&] {
    cuda_sim::seed(static_cast<uint64_t>(seed));
    const bool good = body(wrong);
    return good && cuda_sim::faults().empty() ? 0 : 3;
  });
  return outcome.status != 0 || !outcome.errors.empty();
}

}  // namespace

void reported(const std::string& name, const std::function<void(bool wrong)>& body, const std::string& report) {
  if (skipped(name)) return;
  for (const bool wrong : {false, true}) {
    for (const uint64_t seed : {0, 1, 2, 3, 4}) {
      const Outcome outcome = in_a_process([&] {
        cuda_sim::seed(seed);
        body(wrong);
        return finished(true);
      });
      const bool found = outcome.errors.find(report) != std::string::npos;
      const bool silent = outcome.errors.empty() && outcome.status == 0;
      if (wrong ? found : silent) continue;
      verdict(false, name,
              (wrong ? "expected '" + report + "' but was told " : "without the mistake it was told ") +
                  excerpt(outcome.errors) + ", status " + std::to_string(outcome.status));
      return;
    }
  }
  verdict(true, name, "");
}

void shown(const std::string& name, const std::function<bool(bool wrong)>& body) {
  if (skipped(name)) return;
  int seen = 0, false_alarms = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    seen += run_seed(seed, true, body);
    false_alarms += run_seed(seed, false, body);
  }
  const double fraction = static_cast<double>(seen) / kSeeds;
  const std::string told = "shows for " + std::to_string(seen) + " of " + std::to_string(kSeeds) + " seeds" +
                           (false_alarms == 0 ? "" : ", and " + std::to_string(false_alarms) + " without the mistake");
  verdict(fraction >= kLeast && fraction <= kMost && false_alarms == 0, name, told);
}

void holds(const std::string& name, const std::function<bool()>& body) {
  if (skipped(name)) return;
  const Outcome outcome = in_a_process([&] { return body() ? 0 : 3; });
  verdict(outcome.status == 0, name, outcome.status == 0 ? "" : "it was told " + excerpt(outcome.errors));
}

void refused(const std::string& name, const std::string& text, const std::string& twin, const std::string& complaint) {
  if (skipped(name)) return;
  const auto compile = [](const std::string& source) {
    char file[] = "/tmp/cuda-sim-XXXXXX";
    const int handle = mkstemp(file);
    if (handle < 0) std::abort();
    close(handle);
    std::ofstream(file) << source;
    const std::string command = std::string(CUDA_SIM_COMPILER) + " -std=c++17 -fsyntax-only -x c++ -include " +
                                CUDA_SIM_INCLUDE + "/cuda_runtime.h " + file + " 1>&2";
    const Outcome outcome = in_a_process([&] { return std::system(command.c_str()) == 0 ? 0 : 3; });
    std::remove(file);
    return outcome;
  };
  const Outcome bad = compile(text), good = compile(twin);
  verdict(bad.status != 0 && bad.errors.find(complaint) != std::string::npos && good.status == 0, name,
          good.status != 0  ? "the twin does not compile: " + excerpt(good.errors)
          : bad.status == 0 ? "it compiles"
                            : "");
}

void must(cudaError_t error) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "a call of the test failed: %s\n", cudaGetErrorName(error));
  _exit(4);
}

cudaStream_t stream() {
  cudaStream_t made;
  must(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
  return made;
}

cudaMemPool_t pool() {
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location = {cudaMemLocationTypeDevice, 0};
  cudaMemPool_t made;
  must(cudaMemPoolCreate(&made, &properties));
  return made;
}

void* allocate(cudaMemPool_t pool, size_t bytes, cudaStream_t stream) {
  void* made;
  must(cudaMallocFromPoolAsync(&made, bytes, pool, stream));
  return made;
}

float* pinned(size_t count, float value) {
  void* made;
  must(cudaHostAlloc(&made, count * sizeof(float), cudaHostAllocDefault));
  for (size_t i = 0; i < count; ++i) static_cast<float*>(made)[i] = value;
  return static_cast<float*>(made);
}

}  // namespace planted

int main(int count, char** arguments) {
  if (count > 1) planted::wanted = arguments[1];
  planted::plant_in_kernels();
  planted::plant_in_streams();
  planted::plant_in_host_code();
  planted::plant_in_graphs();
  planted::plant_in_ptx();
  planted::check_errors();
  planted::check_memory();
  planted::check_compilation();
  if (planted::failures > 0) {
    std::printf("%d checks of the simulated device failed\n", planted::failures);
    return 1;
  }
  std::printf("every mistake that was looked for was reported\n");
  return 0;
}
