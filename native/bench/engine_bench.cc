// Measures the engine without Node: passes, stored step programs and networks, for profilers and for `npm run bench`.
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../cuda/cuda_devices.h"
#include "../cpu/cpu_features.h"
#include "compare.h"
#include "sampling.h"

namespace ds {
namespace {

constexpr const char* kUsage =
    "usage: engine_bench [options] LINE...\n"
    "  --device cpu|cuda     where (default cpu)\n"
    "  --lanes NAME          vector code of the CPU (default: the widest)\n"
    "  --threads N           of the CPU, which share each pass (default 1)\n"
    "  --rounds N            samples of each line, interleaved (default 9)\n"
    "  --sample-ms N         least length of one sample (default 20)\n"
    "  --devices             says what CUDA offers on this machine; exit status 3 where it cannot be used\n"
    "  --compare             no clock: does each line on the CPU and on the device and compares the bits\n"
    "  --bits                no clock: prints a hash of what each line makes\n"
    "  --count N             no clock: does each line N times, for tools that count instructions\n"
    "  --format csv|json     (default csv)\n"
    "  --serve               reads lines from standard input and answers each with the seconds of one repeat;\n"
    "                        'forget' frees what the lines before it hold\n"
    "a LINE is one argument:\n"
    "  copy bytes=N\n"
    "  combine inputs=3 noise=0 outputs=1 derived=0 rows=1 elements=N classes=1 place=in|apart\n"
    "          networks=float32|float16|bfloat16 build=exact|fast-math\n"
    "  replay program=FILE rows=1 elements=N classes=1 graph=off|on network=none|copy|mixture-sit|mixture-edm "
    "[model=FILE "
    "library=FILE]\n"
    "  network rows=1 elements=N model=FILE library=FILE\n";

struct Options {
  std::string device = "cpu", lanes = available_lanes().back()->name, format = "csv";
  int threads = 1, rounds = 9, sample_ms = 20, count = 0;
  bool serve = false, devices = false, compare = false, bits = false;
  std::vector<std::string> lines;
};

int read_number(const std::string& name, const std::string& text) {
  size_t read = 0;
  int value = 0;
  try {
    value = std::stoi(text, &read);
  } catch (const std::exception&) {
    read = 0;
  }
  if (read == 0 || read != text.size() || value < 1) {
    throw std::invalid_argument("expected a positive integer for " + name + " but received '" + text + "'");
  }
  return value;
}

Options read_options(int count, char** arguments) {
  Options options;
  const std::map<std::string, std::string*> words = {
      {"--device", &options.device}, {"--lanes", &options.lanes}, {"--format", &options.format}};
  const std::map<std::string, int*> numbers = {{"--threads", &options.threads},
                                               {"--rounds", &options.rounds},
                                               {"--sample-ms", &options.sample_ms},
                                               {"--count", &options.count}};
  const std::map<std::string, bool*> flags = {{"--serve", &options.serve},
                                              {"--devices", &options.devices},
                                              {"--compare", &options.compare},
                                              {"--bits", &options.bits}};
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (name.compare(0, 2, "--") != 0) {
      options.lines.push_back(name);
      continue;
    }
    const auto flag = flags.find(name);
    if (flag != flags.end()) {
      *flag->second = true;
      continue;
    }
    const auto word = words.find(name);
    const auto number = numbers.find(name);
    if ((word == words.end() && number == numbers.end()) || i + 1 == count) {
      throw std::invalid_argument("unknown option or no value: " + name + "\n" + kUsage);
    }
    const std::string value = arguments[++i];
    if (word != words.end()) {
      *word->second = value;
    } else {
      *number->second = read_number(name, value);
    }
  }
  if (options.format != "csv" && options.format != "json") throw std::invalid_argument("expected csv or json");
  if (options.lines.empty() && !options.serve && !options.devices) throw std::invalid_argument(kUsage);
  return options;
}

void print(const Options& options, const std::vector<Sampled>& all) {
  const bool json = options.format == "json";
  if (json) std::printf("[");
  if (!json) std::printf("line,lanes,threads,samples,seconds,low,high,bytes_per_second,elements_per_second\n");
  for (size_t i = 0; i < all.size(); ++i) {
    const Spread s = spread_of(all[i].seconds);
    const Measurement& m = *all[i].measurement;
    std::printf(
        json ? "%s\n {\"line\": \"%s\", \"lanes\": \"%s\", \"threads\": %d, \"samples\": %zu, \"seconds\": %.9g, "
               "\"low\": %.9g, \"high\": %.9g, \"bytesPerSecond\": %.6g, \"elementsPerSecond\": %.6g}"
             : "%s%s,%s,%d,%zu,%.9g,%.9g,%.9g,%.6g,%.6g\n",
        json && i > 0 ? "," : "", all[i].line.c_str(), options.lanes.c_str(), options.threads, all[i].seconds.size(),
        s.middle, s.low, s.high, m.bytes / s.middle, m.elements / s.middle);
  }
  if (json) std::printf("\n]\n");
}

void serve(const Bench& bench, double least_seconds) {
  std::map<std::string, Sampled> known;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "forget") {
      known.clear();
      continue;
    }
    try {
      auto found = known.find(line);
      if (found == known.end()) found = known.emplace(line, Sampled{line, make_measurement(bench, line)}).first;
      const double seconds = take_sample(&found->second, least_seconds);
      const Measurement& m = *found->second.measurement;
      std::printf("{\"seconds\": %.9g, \"bytes\": %.0f, \"elements\": %.0f}\n", seconds, m.bytes, m.elements);
    } catch (const std::exception& problem) {
      std::string text = problem.what();
      for (char& letter : text) letter = letter == '"' || letter == '\\' || letter == '\n' ? '\'' : letter;
      std::printf("{\"error\": \"%s\"}\n", text.c_str());
    }
    std::fflush(stdout);
  }
}

constexpr int kNoCuda = 3;

int tell_devices() {
  const CudaState state = cuda_state();
  for (const CudaDeviceInfo& device : state.devices) {
    std::printf("cuda:%d %s, compute capability %s, %.1f GiB\n", device.ordinal, device.name.c_str(),
                device.compute_capability.c_str(), static_cast<double>(device.total_bytes) / (1 << 30));
  }
  if (state.code == 0) return 0;
  std::printf("%s\n", state.message.c_str());
  return kNoCuda;
}

int run(const Options& options) {
  if (options.devices) return tell_devices();
  const auto device = options.device == "cuda"  ? Device::open_cuda(0)
                      : options.device == "cpu" ? Device::open_cpu(options.threads, options.lanes)
                                                : throw std::invalid_argument("expected cpu or cuda for --device");
  Team team(options.threads);
  const Bench bench{device.get(), &team};
  const double least_seconds = options.sample_ms * 1e-3;
  if (options.serve) {
    serve(bench, least_seconds);
    return 0;
  }
  if (options.compare) {
    const auto cpu = Device::open_cpu(1, options.lanes);
    return compare_devices(cpu.get(), device.get(), options.lines) ? 0 : 1;
  }
  if (options.bits) {
    print_hashes(device.get(), options.lines);
    return 0;
  }
  std::vector<Sampled> all;
  for (const std::string& line : options.lines) all.push_back({line, make_measurement(bench, line)});
  if (options.count > 0) {
    for (Sampled& each : all) each.measurement->run(static_cast<uint64_t>(options.count));
    return 0;
  }
  for (int round = 0; round < options.rounds; ++round) {
    for (Sampled& each : all) each.seconds.push_back(take_sample(&each, least_seconds));
  }
  print(options, all);
  return 0;
}

}  // namespace
}  // namespace ds

int main(int count, char** arguments) {
  try {
    return ds::run(ds::read_options(count, arguments));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "engine_bench: %s\n", problem.what());
    return 1;
  }
}
