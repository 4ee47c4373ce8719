// Which instructions a launch can reach at all, given what its parameters never are.
#include "ptx_reachable.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace ds::ptx {
namespace {

// What a register that is written once always holds.
enum class Always { kParameterAddress, kPositive, kTrue, kFalse };

class Knowledge {
 public:
  Knowledge(const KernelCode& code, const std::vector<uint32_t>& positive) : code_(code), positive_(positive) {
    for (const Instruction& i : code.instructions) {
      for (int result = 0; result < i.results; ++result) ++writes_[i.slots[result]];
    }
    // In order is enough: compilers place what a register is made of before it.
    for (const Instruction& i : code.instructions) learn(i);
  }

  // Whether a guarded instruction is always done, or never.
  std::optional<bool> done(const Instruction& i) const {
    const auto found = known_.find(i.guard);
    if (found == known_.end()) return std::nullopt;
    return (found->second.first == Always::kTrue) != i.guard_negated;
  }

 private:
  std::optional<uint64_t> constant(uint32_t slot) const {
    if (slot < code_.first_constant()) return std::nullopt;
    return code_.constants[slot - code_.first_constant()];
  }

  void know(uint32_t slot, Always what, uint64_t value = 0) {
    if (writes_[slot] == 1) known_[slot] = {what, value};
  }

  void learn(const Instruction& i) {
    switch (i.operation) {
      // All of them keep a positive 32-bit number what it is.
      case Operation::kMovB32:
      case Operation::kMovU32:
      case Operation::kCvtS64S32:
      case Operation::kCvtU64U32:
      case Operation::kCvtU32U64:
      case Operation::kMovB64:
      case Operation::kMovU64: {
        const auto found = known_.find(i.slots[1]);
        if (found != known_.end()) know(i.slots[0], found->second.first, found->second.second);
        // A number is as good as an address: it is only asked of ld.param.
        if (const auto value = constant(i.slots[1])) know(i.slots[0], Always::kParameterAddress, *value);
        break;
      }
      case Operation::kAddS64: {
        const auto found = known_.find(i.slots[1]);
        const auto value = constant(i.slots[2]);
        if (value && found != known_.end() && found->second.first == Always::kParameterAddress) {
          know(i.slots[0], Always::kParameterAddress, found->second.second + *value);
        }
        break;
      }
      case Operation::kLdParamU32:
      case Operation::kLdParamS32:
      case Operation::kLdParamV2U32:
        load(i);
        break;
      case Operation::kSetpLtS32:
        compare(i, 1, Always::kFalse);
        break;
      case Operation::kSetpGeS32:
        compare(i, 1, Always::kTrue);
        break;
      case Operation::kSetpLeS32:
      case Operation::kSetpEqS32:
        compare(i, 0, Always::kFalse);
        break;
      case Operation::kSetpGtS32:
      case Operation::kSetpNeS32:
        compare(i, 0, Always::kTrue);
        break;
      default:
        break;
    }
  }

  void load(const Instruction& i) {
    const uint32_t base = i.slots[kMostOperands - 1];
    std::optional<uint64_t> at = constant(base);
    const auto found = known_.find(base);
    if (found != known_.end() && found->second.first == Always::kParameterAddress) at = found->second.second;
    if (!at) return;
    for (int v = 0; v < i.results; ++v) {
      const uint64_t offset = *at + static_cast<uint64_t>(i.displacement) + 4 * static_cast<uint64_t>(v);
      if (std::count(positive_.begin(), positive_.end(), offset) == 0) continue;
      know(i.slots[v], Always::kPositive);
    }
  }

  void compare(const Instruction& i, uint64_t with, Always result) {
    const auto found = known_.find(i.slots[1]);
    if (found != known_.end() && found->second.first == Always::kPositive && constant(i.slots[2]) == with) {
      know(i.slots[0], result);
    }
  }

  const KernelCode& code_;
  const std::vector<uint32_t>& positive_;
  std::unordered_map<uint32_t, int> writes_;
  std::unordered_map<uint32_t, std::pair<Always, uint64_t>> known_;
};

}  // namespace

std::vector<bool> reachable(const KernelCode& code, const std::vector<uint32_t>& positive) {
  const Knowledge knowledge(code, positive);
  std::vector<bool> reached(code.instructions.size());
  std::vector<size_t> open{0};
  const auto reach = [&](size_t at) {
    if (reached[at]) return;
    reached[at] = true;
    open.push_back(at);
  };
  reach(0);
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    const Instruction& i = code.instructions[at];
    const bool branch = i.operation == Operation::kBra || i.operation == Operation::kBraUni;
    const bool leaves = branch || i.operation == Operation::kRet;
    const std::optional<bool> done = i.guard == kNoSlot ? std::optional<bool>(true) : knowledge.done(i);
    if (branch && done != false) reach(i.target);
    if (!leaves || done != true) reach(at + 1);
  }
  return reached;
}

}  // namespace ds::ptx
