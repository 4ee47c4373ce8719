// Tests of the PTX that nvcc emitted: ptx_test NAME.compute_NN.ptx... runs all of them on each architecture given.
#include "ptx_test.h"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <regex>
#include <set>

#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"

namespace ds::ptx {
namespace {

int failures = 0;

bool same_value(float a, float b) { return (a != a && b != b) || std::memcmp(&a, &b, sizeof a) == 0; }

// Texts that say the same about every instruction are run once.
std::vector<PtxText> read_texts(int count, char** files) {
  std::map<int, PtxText> by_architecture;
  for (int i = 0; i < count; ++i) {
    const std::string path = files[i], mark = ".compute_";
    const size_t at = path.rfind(mark), slash = path.rfind('/') + 1;
    std::ifstream stream(path);
    const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (at == std::string::npos || text.empty()) {
      check(false, path + " is not PTX of one architecture");
      continue;
    }
    PtxText& of = by_architecture[std::stoi(path.substr(at + mark.size()))];
    of.architecture = path.substr(at + 1, path.rfind('.') - at - 1);
    of.files.emplace_back(path.substr(slash, at - slash), text);
  }
  const auto instructions = [](const PtxText& text) {
    std::string all;
    for (const auto& [name, content] : text.files) all += content.substr(content.find(".address_size"));
    // How many registers ptxas may take is no instruction.
    return std::regex_replace(all, std::regex("\\.minnctapersm \\d+"), "");
  };
  std::vector<PtxText> distinct;
  for (const auto& [number, text] : by_architecture) {
    bool known = false;
    for (PtxText& other : distinct) {
      if (instructions(other) != instructions(text)) continue;
      known = true;
      std::printf("%s is as %s\n", text.architecture.c_str(), other.architecture.c_str());
    }
    if (!known) distinct.push_back(text);
  }
  return distinct;
}

// Every instruction that can be reached did its work at least once; a branch does it by deciding, whichever way, and a
// jump right after it is its other way.
void check_coverage(const PtxDevice& device) {
  std::set<std::string> names;
  size_t kernels = 0, instructions = 0, impossible = 0, branches = 0, one_way = 0;
  for (const PtxModule& module : device.modules()) {
    for (const std::string& kernel : module.kernels()) {
      ++kernels;
      bool after_decision = false;
      std::string missed;
      // check_plan refuses passes without terms or outputs, and mixtures have components.
      const std::vector<uint32_t> positive =
          kernel.find("combine_kernel") != std::string::npos
              ? std::vector<uint32_t>{offsetof(CombineArgs, term_count), offsetof(CombineArgs, output_count)}
          : kernel.find("mixture") != std::string::npos ? std::vector<uint32_t>{offsetof(MixtureArgs, components)}
                                                        : std::vector<uint32_t>{};
      const std::vector<InstructionCount> counts = module.coverage(kernel, positive);
      for (const InstructionCount& count : counts) {
        ++instructions;
        const size_t begin = count.guarded ? count.text.find_first_not_of(" \t", count.text.find_first_of(" \t")) : 0;
        names.insert(count.text.substr(begin, count.text.find_first_of(" \t;", begin) - begin));
        const bool branch = count.text.find("bra") != std::string::npos;
        const bool decides = branch && count.guarded, other_way = branch && after_decision;
        after_decision = decides;
        if (decides) ++branches;
        if (decides && (count.done == 0) != (count.passed == 0)) ++one_way;
        if (!count.possible) ++impossible;
        if (count.done > 0 || !count.possible || other_way || (decides && count.passed > 0)) continue;
        if (!missed.empty()) missed += ", ";
        missed += std::to_string(count.line) + " '" + count.text + "'";
      }
      check(missed.empty(), device.name() + ": no test runs these lines of " + kernel + ": " + missed);
    }
  }
  check(kernels > 0, device.name() + " has kernels");
  std::printf(
      "%s: %zu kernels, %zu instructions of %zu kinds, %zu of them for parameters that cannot be; "
      "%zu of %zu branches went both ways\n",
      device.name().c_str(), kernels, instructions, names.size(), impossible, branches - one_way, branches);
}

uint64_t instructions_run(const PtxDevice& device) {
  uint64_t sum = 0;
  for (const PtxModule& module : device.modules()) sum += module.instructions_run();
  return sum;
}

}  // namespace

void check(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  if (failures <= 60) std::printf("FAILED: %s\n", what.c_str());
}

std::string difference(const Outcome& expected, const Outcome& found) {
  if (expected.floats.size() != found.floats.size()) return "another number of results";
  for (size_t i = 0; i < expected.floats.size(); ++i) {
    const std::vector<float>&a = expected.floats[i], &b = found.floats[i];
    if (a.size() != b.size()) return "a result of another size";
    for (size_t e = 0; e < a.size(); ++e) {
      if (same_value(a[e], b[e])) continue;
      char text[160];
      std::snprintf(text, sizeof text, "result %zu, element %zu: expected %a but found %a", i, e, a[e], b[e]);
      return text;
    }
  }
  return expected.status == found.status ? "" : "another status word";
}

Outcome on_cpu(const std::function<Outcome(Backend&)>& work) {
  const auto backend = make_cpu_backend(*find_lanes("scalar"), std::make_shared<HostMemory>());
  return work(*backend);
}

Outcome on_ptx(PtxDevice* device, const std::function<Outcome(Backend&)>& work) {
  const auto backend = make_ptx_backend(device);
  return work(*backend);
}

PtxDevice make_device(const PtxText& text) {
  std::vector<PtxModule> modules;
  for (const auto& [name, content] : text.files) modules.push_back(PtxModule::parse(content, name));
  return PtxDevice(text.architecture, std::move(modules));
}

}  // namespace ds::ptx

int main(int count, char** arguments) {
  using Clock = std::chrono::steady_clock;
  using namespace ds::ptx;
  test_instructions();
  const std::vector<PtxText> texts = read_texts(count - 1, arguments + 1);
  check(!texts.empty(), "there is PTX to run");
  for (const PtxText& text : texts) {
    try {
      const auto begin = Clock::now();
      PtxDevice device = make_device(text);
      test_combine(&device);
      test_combine_halves(&device);
      test_combine_kernels(&device);
      test_noise(&device);
      test_mixture(&device);
      test_advance(&device);
      test_far(&device);
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      const double millions = static_cast<double>(instructions_run(device)) * 1e-6;
      check_coverage(device);
      std::printf("%s: %.0f million instructions in %.1f s, comparisons with the CPU included\n", device.name().c_str(),
                  millions, seconds);
      test_planted(text);
    } catch (const std::exception& error) {
      check(false, text.architecture + ": " + error.what());
    }
  }
  if (failures > 0) {
    std::printf("%d checks failed\n", failures);
    return 1;
  }
  std::printf("all tests of the emitted PTX passed\n");
  return 0;
}
