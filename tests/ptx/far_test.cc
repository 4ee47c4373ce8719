// Places beyond 32 bits: the last blocks of launches that are too large to be run whole, on memory that is made up.
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "../../cuda/cuda_kernels.h"
#include "../../cuda/launch.h"
#include "../../cuda/mixture_formula.h"
#include "../../native/cpu/cpu_features.h"
#include "ptx_test.h"

namespace ds::ptx {
namespace {

constexpr uint64_t kFarFloats = uint64_t{1} << 60;  // where no buffer of the host lies
constexpr uint64_t kFarStores = uint64_t{1} << 61;

// Some number in [-2, 2) for every place.
float value_at(int64_t place) {
  const uint64_t mixed = (static_cast<uint64_t>(place) + 1) * 0x9E3779B97F4A7C15ull;
  return static_cast<float>(static_cast<int32_t>(mixed >> 40) - (1 << 23)) * 0x1p-22f;
}

// Floats that are computed where they are read, and stores that are remembered; everything else is real.
class FarMemory final : public Memory {
 public:
  explicit FarMemory(uint64_t bytes) : bytes_(bytes) {}
  CheckedMemory near;
  std::unordered_map<int64_t, float> stored;

  void begin_launch() override { near.begin_launch(); }
  void load(uint64_t address, unsigned bytes, void* to, const ThreadPlace& place) override {
    if (address < kFarFloats) return near.load(address, bytes, to, place);
    if (address - kFarFloats + bytes > bytes_) throw PtxFault("reads past the far floats");
    for (unsigned at = 0; at < bytes; at += sizeof(float)) {
      const float value = value_at(static_cast<int64_t>((address - kFarFloats + at) / sizeof(float)));
      std::memcpy(static_cast<uint8_t*>(to) + at, &value, sizeof value);
    }
  }
  void store(uint64_t address, unsigned bytes, const void* from, const ThreadPlace& place) override {
    if (address < kFarStores) return near.store(address, bytes, from, place);
    if (address - kFarStores + bytes > bytes_) throw PtxFault("writes past the far floats");
    for (unsigned at = 0; at < bytes; at += sizeof(float)) {
      float value;
      std::memcpy(&value, static_cast<const uint8_t*>(from) + at, sizeof value);
      stored[static_cast<int64_t>((address - kFarStores + at) / sizeof(float))] = value;
    }
  }
  uint64_t atomic_min(uint64_t address, uint64_t value, const ThreadPlace& place) override {
    return near.atomic_min(address, value, place);
  }

 private:
  uint64_t bytes_;
};

template <class T>
T* far_pointer(uint64_t address) {
  return reinterpret_cast<T*>(static_cast<uintptr_t>(address));
}

// Adds what the host has to the memory of the device.
template <class T>
void add_known(CheckedMemory* memory, T* data, size_t count) {
  memory->add(data, count * sizeof(T));
  memory->initialise(data, count * sizeof(T));
}

// One row of 2^33 + 5 elements after 2^34 others: the first block and the last two.
void test_far_combine(PtxDevice* device, int outputs) {
  const int64_t elements = (int64_t{1} << 33) + 5, offset = int64_t{1} << 34;
  alignas(16) int64_t offsets[] = {offset};
  alignas(16) uint32_t row_class[] = {0}, words[2 + 2 * kMaxOutputs] = {7, 0};
  alignas(16) uint64_t seeds[] = {0x0123456789ABCDEFull};
  alignas(16) unsigned long long status = kStatusClean;
  const float coefficients[] = {0.75f, -1.25f};
  for (int o = 0; o < outputs; ++o) std::memcpy(words + 2 + 2 * o, coefficients, sizeof coefficients);
  FarMemory memory(static_cast<uint64_t>(offset + elements) * sizeof(float));
  add_known(&memory.near, offsets, 1), add_known(&memory.near, row_class, 1);
  add_known(&memory.near, words, 2 + 2 * kMaxOutputs), add_known(&memory.near, seeds, 1);
  add_known(&memory.near, &status, 1);
  CombineArgs args{};
  args.rows = 1, args.elements = elements, args.row_offsets = offsets, args.row_class = row_class, args.seeds = seeds;
  args.words = words, args.stride = 2 + 2 * kMaxOutputs, args.first_word = 2, args.status = &status;
  args.term_count = 2, args.output_count = outputs;
  args.terms[0] = {far_pointer<float>(kFarFloats), 0, -1, Dtype::kFloat32};
  args.terms[1] = {nullptr, 0, -1, Dtype::kFloat32};
  for (int o = 0; o < outputs; ++o) args.outputs[o] = {far_pointer<float>(kFarStores), 0, Dtype::kFloat32};
  device->only_blocks = [](const std::string&, const LaunchShape& shape) {
    return std::vector<Extent>{{0, 0}, {shape.grid.x - 2, 0}, {shape.grid.x - 1, 0}};
  };
  device->execute(memory, [&] { launch_combine(args, {0, nullptr}); });
  device->only_blocks = nullptr;
  const std::string name = device->name() + ", far combine of " + std::to_string(outputs) + " outputs: ";
  // Two whole blocks, and a last one of two tiles, of which one holds a single element.
  check(memory.stored.size() == 2 * 4 * kBlockThreads + 5, name + std::to_string(memory.stored.size()) + " elements");
  for (const auto& [at, found] : memory.stored) {
    const int64_t element = at - offset;
    float normal;
    find_lanes("scalar")->normals(seeds[0], 0, words[0], static_cast<uint64_t>(element), 1, &normal);
    const float expected = std::fma(-1.25f, normal, std::fma(0.75f, value_at(at), 0.0f));
    check(element >= 0 && found == expected, name + "element " + std::to_string(element));
  }
  check(status == kStatusClean, name + "the status stays clean");
}

// The kernel named runs its last block, the others none.
void run_last_block(PtxDevice* device, const std::string& name, FarMemory* memory, const MixtureArgs& args) {
  device->only_blocks = [&name](const std::string& kernel, const LaunchShape& shape) {
    const Extent last{shape.grid.x - 1, shape.grid.y - 1};
    return kernel.find(name) == std::string::npos ? std::vector<Extent>{} : std::vector<Extent>{last};
  };
  device->execute(*memory, [&] { launch_mixture(args, {0, nullptr}); });
  device->only_blocks = nullptr;
}

// More than 2^32 rows: threads stride over them, and their centres lie beyond 2^38 floats.
void test_far_centers(PtxDevice* device, MixtureKind kind, bool replayed) {
  MixtureArgs args{};
  args.kind = kind, args.sigma_data = 0.5;
  args.components = 1, args.rows = (int64_t{1} << 33) + 1000, args.elements = 1;
  args.times = far_pointer<float>(kFarFloats), args.scratch = far_pointer<float>(kFarStores);
  const int64_t floats = mixture_scratch_floats(args.rows, 1), centers = floats - 2 * args.rows;
  FarMemory memory(static_cast<uint64_t>(floats) * sizeof(float));
  // In a replayed step the times lie further on.
  StepCursor place{0, 3, 0, 0};
  const int64_t before = replayed ? static_cast<int64_t>(place.times) : 0;
  if (replayed) args.cursor = &place;
  add_known(&memory.near, &place, 1);
  run_last_block(device, "mixture_center_kernel", &memory, args);
  check(memory.stored.size() > 100000, device->name() + ", far centres: many are stored");
  for (const auto& [at, found] : memory.stored) {
    const int64_t row = (at - centers) / 2;
    const bool lead = (at - centers) % 2 == 0;
    float near[2];
    MixtureArgs one = args;
    const float time = value_at(row + before);
    one.rows = 1, one.components = 0, one.times = &time, one.scratch = near, one.cursor = nullptr;
    mixture_write_center(one, 0);
    check(at >= centers && found == near[lead ? 0 : 1], device->name() + ", far centres: row " + std::to_string(row));
  }
}

}  // namespace

void test_far(PtxDevice* device) {
  for (const int outputs : {1, 2, 3}) test_far_combine(device, outputs);
  for (const bool replayed : {false, true}) test_far_centers(device, MixtureKind::kSit, replayed);
  for (const bool replayed : {false, true}) test_far_centers(device, MixtureKind::kEdm, replayed);
}

}  // namespace ds::ptx
