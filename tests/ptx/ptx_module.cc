// PTX run without a GPU: the thread that executes a kernel's instructions one after the other.
#include "ptx_module.h"

#include <cstring>

#include "ptx_code.h"
#include "ptx_reachable.h"
#include "ptx_reader.h"

namespace ds::ptx {
namespace {

// Far more than any thread of a test needs.
constexpr uint64_t kMostInstructions = uint64_t{1} << 28;

template <class T>
T from_slot(uint64_t slot) {
  T value;
  std::memcpy(&value, &slot, sizeof value);
  return value;
}
template <>
bool from_slot<bool>(uint64_t slot) {
  return slot != 0;
}

// Upper bits are zero, so that a slot is the same whatever type it is written as.
template <class T>
uint64_t to_slot(T value) {
  uint64_t slot = 0;
  std::memcpy(&slot, &value, sizeof value);
  return slot;
}
template <>
uint64_t to_slot<bool>(bool value) {
  return value ? 1 : 0;
}

template <class T>
T divisor(T y) {
  if (y == 0) throw PtxFault("divides by zero");
  return y;
}

class Thread {
 public:
  Thread(const KernelCode& code, const LaunchShape& shape, const std::vector<uint8_t>& parameters, Memory& memory)
      : code_(code), shape_(shape), parameters_(parameters), memory_(memory) {
    slots_.resize(code.slot_count());
    written_.assign(code.slot_count(), 1);
    std::copy(code.constants.begin(), code.constants.end(), slots_.begin() + code.first_constant());
    counts_.resize(code.instructions.size());
  }

  void run(const Extent& block, const Extent& thread) {
    const uint64_t number = (uint64_t{block.y} * shape_.grid.x + block.x) * shape_.block.count() +
                            uint64_t{thread.y} * shape_.block.x + thread.x;
    place_ = {block, thread, number};
    const unsigned values[] = {thread.x, thread.y, shape_.block.x, shape_.block.y,
                               block.x,  block.y,  shape_.grid.x,  shape_.grid.y};
    static_assert(sizeof values / sizeof *values == kPlaceRegisterCount, "one value for each register");
    std::copy(std::begin(values), std::end(values), slots_.begin());
    std::memset(written_.data() + kPlaceRegisterCount, 0, code_.registers.size());
    at_ = 0;
    try {
      execute();
    } catch (const PtxFault& fault) {
      throw PtxFault(code_.title + ", line " + std::to_string(code_.instructions[at_].line) + " '" + code_.texts[at_] +
                     "', block (" + std::to_string(block.x) + ", " + std::to_string(block.y) + "), thread (" +
                     std::to_string(thread.x) + ", " + std::to_string(thread.y) + "): " + fault.what());
    }
  }

  uint64_t count() const {
    const std::lock_guard<std::mutex> lock(code_.lock);
    uint64_t sum = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      code_.counts[i].done += counts_[i].done;
      code_.counts[i].passed += counts_[i].passed;
      sum += counts_[i].done + counts_[i].passed;
    }
    return sum;
  }

 private:
  template <class T>
  T read(uint32_t slot) const {
    if (!written_[slot]) throw PtxFault("reads the register " + name_of(slot) + " before it is written");
    return from_slot<T>(slots_[slot]);
  }
  template <class T>
  void write(uint32_t slot, T value) {
    slots_[slot] = to_slot<T>(value);
    written_[slot] = 1;
  }
  const std::string& name_of(uint32_t slot) const { return code_.registers[slot - kPlaceRegisterCount]; }

  uint64_t address_of(const Instruction& i, size_t bytes) const {
    const uint64_t address = read<uint64_t>(i.slots[kMostOperands - 1]) + static_cast<uint64_t>(i.displacement);
    if (address % bytes != 0) throw PtxFault("an address is not a multiple of " + std::to_string(bytes));
    return address;
  }

  template <class T, int kCount>
  void spread(const Instruction& i, const uint8_t* from) {
    for (int v = 0; v < kCount; ++v) {
      T value;
      std::memcpy(&value, from + v * sizeof value, sizeof value);
      if (std::is_integral<T>::value && std::is_signed<T>::value && i.register_bits > kBits<T>) {
        const auto extended = static_cast<uint64_t>(static_cast<int64_t>(value));
        write<uint64_t>(i.slots[v], i.register_bits == 64 ? extended : extended & 0xFFFFFFFFu);
      } else {
        write<T>(i.slots[v], value);
      }
    }
  }
  template <class T, int kCount>
  void load_parameter(const Instruction& i) {
    constexpr size_t kBytes = sizeof(T) * kCount;
    const uint64_t offset = address_of(i, kBytes), end = parameters_.size();
    if (offset > end || end - offset < kBytes) throw PtxFault("reads past the parameters");
    spread<T, kCount>(i, parameters_.data() + offset);
  }
  template <class T, int kCount>
  void load_global(const Instruction& i) {
    uint8_t values[sizeof(T) * kCount];
    memory_.load(address_of(i, sizeof values), sizeof values, values, place_);
    spread<T, kCount>(i, values);
  }
  template <class T, int kCount>
  void store_global(const Instruction& i) {
    T values[kCount];
    for (int v = 0; v < kCount; ++v) values[v] = read<T>(i.slots[v]);
    memory_.store(address_of(i, sizeof values), sizeof values, values, place_);
  }

  void execute() {
    const Instruction* const instructions = code_.instructions.data();
    for (uint64_t steps = 0;; ++steps) {
      const Instruction& i = instructions[at_];
      if (i.guard != kNoSlot && read<bool>(i.guard) == i.guard_negated) {
        ++counts_[at_++].passed;
        continue;
      }
      ++counts_[at_].done;
      if (steps > kMostInstructions) throw PtxFault("the thread does not end");
      switch (i.operation) {
#define DS_PTX_CASE(name, text, Out, In, expression) \
  case Operation::k##name: {                         \
    const In x = read<In>(i.slots[1]);               \
    write<Out>(i.slots[0], expression);              \
    break;                                           \
  }
        DS_PTX_UNARY(DS_PTX_CASE)
#undef DS_PTX_CASE
#define DS_PTX_CASE(name, text, Out, In, expression)             \
  case Operation::k##name: {                                     \
    const In x = read<In>(i.slots[1]), y = read<In>(i.slots[2]); \
    write<Out>(i.slots[0], expression);                          \
    break;                                                       \
  }
        DS_PTX_BINARY(DS_PTX_CASE)
#undef DS_PTX_CASE
#define DS_PTX_CASE(name, text, Type)                                                        \
  case Operation::k##name:                                                                   \
    write<Type>(i.slots[0], shift_left(read<Type>(i.slots[1]), read<uint32_t>(i.slots[2]))); \
    break;
        DS_PTX_LEFT_SHIFT(DS_PTX_CASE)
#undef DS_PTX_CASE
#define DS_PTX_CASE(name, text, Type)                                                         \
  case Operation::k##name:                                                                    \
    write<Type>(i.slots[0], shift_right(read<Type>(i.slots[1]), read<uint32_t>(i.slots[2]))); \
    break;
        DS_PTX_RIGHT_SHIFT(DS_PTX_CASE)
#undef DS_PTX_CASE
#define DS_PTX_CASE(name, text, Type, expression)                                                  \
  case Operation::k##name: {                                                                       \
    const Type x = read<Type>(i.slots[1]), y = read<Type>(i.slots[2]), z = read<Type>(i.slots[3]); \
    write<Type>(i.slots[0], expression);                                                           \
    break;                                                                                         \
  }
        DS_PTX_TERNARY(DS_PTX_CASE)
#undef DS_PTX_CASE
#define DS_PTX_CASE(name, text, Type)                                  \
  case Operation::k##name: {                                           \
    const Type x = read<Type>(i.slots[1]), y = read<Type>(i.slots[2]); \
    write<Type>(i.slots[0], read<bool>(i.slots[3]) ? x : y);           \
    break;                                                             \
  }
        DS_PTX_SELECT(DS_PTX_CASE)
#undef DS_PTX_CASE
#define DS_PTX_CASE(name, text, Type)                                                                   \
  case Operation::k##name: {                                                                            \
    const Type x = read<Type>(i.slots[1]), y = read<Type>(i.slots[2]);                                  \
    write<Type>(i.slots[0], insert_bits(x, y, read<uint32_t>(i.slots[3]), read<uint32_t>(i.slots[4]))); \
    break;                                                                                              \
  }
        DS_PTX_INSERT(DS_PTX_CASE)
#undef DS_PTX_CASE
#define DS_PTX_CASE(name, text, Type, count) \
  case Operation::k##name:                   \
    load_parameter<Type, count>(i);          \
    break;
        DS_PTX_LOAD_PARAM(DS_PTX_CASE)
#undef DS_PTX_CASE
#define DS_PTX_CASE(name, text, Type, count) \
  case Operation::k##name:                   \
    load_global<Type, count>(i);             \
    break;
        DS_PTX_LOAD_GLOBAL(DS_PTX_CASE)
#undef DS_PTX_CASE
#define DS_PTX_CASE(name, text, Type, count) \
  case Operation::k##name:                   \
    store_global<Type, count>(i);            \
    break;
        DS_PTX_STORE_GLOBAL(DS_PTX_CASE)
#undef DS_PTX_CASE
        case Operation::kAtomGlobalMinU64: {
          const uint64_t address = address_of(i, sizeof(uint64_t));
          write<uint64_t>(i.slots[0], memory_.atomic_min(address, read<uint64_t>(i.slots[1]), place_));
          break;
        }
        case Operation::kBra:
        case Operation::kBraUni:
          at_ = i.target;
          continue;
        case Operation::kRet:
          return;
      }
      ++at_;
    }
  }

  const KernelCode& code_;
  const LaunchShape& shape_;
  const std::vector<uint8_t>& parameters_;
  Memory& memory_;
  ThreadPlace place_{};
  size_t at_ = 0;
  std::vector<uint64_t> slots_;
  std::vector<uint8_t> written_;
  std::vector<KernelCode::Count> counts_;
};

void require_launchable(const KernelCode& code, const LaunchShape& shape, const std::vector<uint8_t>& parameters) {
  if (shape.grid.count() == 0 || shape.block.count() == 0) throw PtxFault(code.title + ": an empty launch");
  if (shape.grid.x > 0x7FFFFFFFu || shape.grid.y > 65535u) throw PtxFault(code.title + ": the grid is too large");
  if (code.most_threads != 0 && shape.block.count() > code.most_threads) {
    throw PtxFault(code.title + ": a block has more threads than the kernel was compiled for");
  }
  if (parameters.size() != code.parameter_bytes) throw PtxFault(code.title + ": parameters of another size");
}

void run_threads(Thread* thread, const LaunchShape& shape, const Extent& block) {
  for (unsigned y = 0; y < shape.block.y; ++y) {
    for (unsigned x = 0; x < shape.block.x; ++x) thread->run(block, {x, y});
  }
}

}  // namespace

PtxModule::PtxModule(std::string name) : name_(std::move(name)) {}
PtxModule::~PtxModule() = default;
PtxModule::PtxModule(PtxModule&&) noexcept = default;
PtxModule& PtxModule::operator=(PtxModule&&) noexcept = default;

PtxModule PtxModule::parse(const std::string& text, const std::string& name) {
  PtxModule module(name);
  module.kernels_ = read_kernels(text, name);
  return module;
}

std::vector<std::string> PtxModule::kernels() const {
  std::vector<std::string> names;
  for (const auto& kernel : kernels_) names.push_back(kernel->name);
  return names;
}

bool PtxModule::has(const std::string& kernel) const {
  for (const auto& code : kernels_) {
    if (code->name == kernel) return true;
  }
  return false;
}

const KernelCode& PtxModule::code(const std::string& kernel) const {
  for (const auto& code : kernels_) {
    if (code->name == kernel) return *code;
  }
  throw PtxFault(name_ + " has no kernel " + kernel);
}

std::vector<uint8_t> PtxModule::pack(const std::string& kernel, const void* const* arguments) const {
  const KernelCode& of = code(kernel);
  std::vector<uint8_t> bytes(of.parameter_bytes);
  for (size_t i = 0; i < of.parameters.size(); ++i) {
    std::memcpy(bytes.data() + of.parameters[i].offset, arguments[i], of.parameters[i].bytes);
  }
  return bytes;
}

std::vector<size_t> PtxModule::parameter_sizes(const std::string& kernel) const {
  std::vector<size_t> sizes;
  for (const Parameter& parameter : code(kernel).parameters) sizes.push_back(parameter.bytes);
  return sizes;
}

uint64_t PtxModule::launch(const std::string& kernel, const LaunchShape& shape, const std::vector<uint8_t>& parameters,
                           Memory& memory) const {
  const KernelCode& of = code(kernel);
  require_launchable(of, shape, parameters);
  memory.begin_launch();
  Thread thread(of, shape, parameters, memory);
  for (unsigned y = 0; y < shape.grid.y; ++y) {
    for (unsigned x = 0; x < shape.grid.x; ++x) run_threads(&thread, shape, {x, y});
  }
  return thread.count();
}

void PtxModule::run_block(const std::string& kernel, const LaunchShape& shape, const Extent& block,
                          const std::vector<uint8_t>& parameters, Memory& memory) const {
  const KernelCode& of = code(kernel);
  require_launchable(of, shape, parameters);
  Thread thread(of, shape, parameters, memory);
  run_threads(&thread, shape, block);
  thread.count();
}

std::vector<InstructionCount> PtxModule::coverage(const std::string& kernel,
                                                  const std::vector<uint32_t>& positive) const {
  const KernelCode& of = code(kernel);
  const std::vector<bool> possible = reachable(of, positive);
  const std::lock_guard<std::mutex> lock(of.lock);
  std::vector<InstructionCount> counts;
  for (size_t i = 0; i < of.instructions.size(); ++i) {
    counts.push_back({of.instructions[i].line, of.texts[i], of.instructions[i].guard != kNoSlot, possible[i],
                      of.counts[i].done, of.counts[i].passed});
  }
  return counts;
}

uint64_t PtxModule::instructions_run() const {
  uint64_t sum = 0;
  for (const auto& code : kernels_) {
    const std::lock_guard<std::mutex> lock(code->lock);
    for (const KernelCode::Count& count : code->counts) sum += count.done + count.passed;
  }
  return sum;
}

}  // namespace ds::ptx
