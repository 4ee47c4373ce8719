// A kernel as it is executed: compact instructions whose operands are slots of one array.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "ptx_operations.h"

namespace ds::ptx {

#define DS_PTX_NAME(name, ...) k##name,
enum class Operation : uint16_t {
  DS_PTX_UNARY(DS_PTX_NAME) DS_PTX_BINARY(DS_PTX_NAME) DS_PTX_LEFT_SHIFT(DS_PTX_NAME) DS_PTX_RIGHT_SHIFT(DS_PTX_NAME)
      DS_PTX_TERNARY(DS_PTX_NAME) DS_PTX_SELECT(DS_PTX_NAME) DS_PTX_INSERT(DS_PTX_NAME) DS_PTX_LOAD_PARAM(DS_PTX_NAME)
          DS_PTX_LOAD_GLOBAL(DS_PTX_NAME) DS_PTX_STORE_GLOBAL(DS_PTX_NAME) DS_PTX_CONTROL(DS_PTX_NAME)
};
#undef DS_PTX_NAME

// Bits of a register that holds a T; a predicate has one.
template <class T>
constexpr unsigned kBits = std::is_same<T, bool>::value ? 1 : 8 * sizeof(T);

constexpr uint32_t kNoSlot = ~0u;
constexpr int kMostOperands = 5;

struct Instruction {
  Operation operation;
  bool guard_negated = false;
  uint8_t results = 0;        // how many of the slots it writes, from the first on
  uint8_t register_bits = 0;  // loads: of the registers, which may be wider than the values
  uint32_t guard = kNoSlot;
  // Arithmetic: result, sources. Memory: values (up to four), then the address. atom: result, address, value.
  std::array<uint32_t, kMostOperands> slots{};
  int64_t displacement = 0;
  uint32_t target = 0;  // of a branch
  uint32_t line = 0;
};

// The registers that tell a thread its place, in the order of their slots.
constexpr const char* kPlaceRegisters[] = {"%tid.x",   "%tid.y",   "%ntid.x",   "%ntid.y",
                                           "%ctaid.x", "%ctaid.y", "%nctaid.x", "%nctaid.y"};
constexpr size_t kPlaceRegisterCount = 8;

struct Parameter {
  uint32_t offset, bytes;
};

struct KernelCode {
  std::string name;   // mangled
  std::string title;  // for people
  std::vector<Parameter> parameters;
  uint32_t parameter_bytes = 0;
  uint32_t most_threads = 0;  // of a block; 0 where the text does not say
  // Slots: place registers, registers, constants. Registers alone hold nothing when a thread begins.
  std::vector<std::string> registers;
  std::vector<uint64_t> constants;
  std::vector<Instruction> instructions;
  std::vector<std::string> texts;  // of the instructions

  struct Count {
    uint64_t done = 0, passed = 0;
  };
  mutable std::mutex lock;
  mutable std::vector<Count> counts;

  size_t first_constant() const { return kPlaceRegisterCount + registers.size(); }
  size_t slot_count() const { return first_constant() + constants.size(); }
};

}  // namespace ds::ptx
