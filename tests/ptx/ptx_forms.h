// How each instruction is written: which operation a name stands for, and the width of each operand.
#pragma once

#include <string>
#include <vector>

#include "ptx_code.h"

namespace ds::ptx {

enum class FormKind { kArithmetic, kLoadParam, kLoadGlobal, kStoreGlobal, kAtomic, kBranch, kReturn };

struct Form {
  Operation operation;
  FormKind kind;
  // Arithmetic: bits of the result and the sources. Memory: bits of each value.
  std::vector<unsigned> bits;
};

// Null where no kernel of ours has such an instruction.
const Form* find_form(const std::string& text);

}  // namespace ds::ptx
