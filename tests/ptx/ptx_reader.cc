// From PTX text to kernels that can be executed.
#include "ptx_reader.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <unordered_map>

#include "ptx_forms.h"
#include "ptx_module.h"

namespace ds::ptx {
namespace {

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r"), last = text.find_last_not_of(" \t\r");
  return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

bool begins(const std::string& text, const std::string& with) { return text.compare(0, with.size(), with) == 0; }

std::vector<std::string> parted(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(trimmed(part));
  return parts;
}

// "combine_kernel<2>" out of a mangled name.
std::string title_of(const std::string& mangled) {
  int status = 0;
  char* const answer = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  const std::string name = status == 0 ? answer : mangled;
  std::free(answer);
  const size_t end = name.rfind('('), kernel = name.find("_kernel");
  const size_t begin = name.rfind("::", kernel == std::string::npos ? end : kernel);
  return begin == std::string::npos ? name : name.substr(begin + 2, end - begin - 2);
}

// Whether nothing can follow.
bool leaves(const Instruction& i) {
  return i.guard == kNoSlot &&
         (i.operation == Operation::kRet || i.operation == Operation::kBra || i.operation == Operation::kBraUni);
}

class Reader {
 public:
  Reader(const std::string& text, const std::string& name) : stream_(text), name_(name) {}

  std::vector<std::unique_ptr<KernelCode>> kernels() {
    std::vector<std::unique_ptr<KernelCode>> kernels;
    while (next()) {
      if (begins(line_, ".version ") || begins(line_, ".target ") || begins(line_, ".address_size ")) continue;
      const size_t entry = line_.find(".entry ");
      if (entry == std::string::npos) refuse("is not understood outside of a kernel");
      kernels.push_back(kernel(trimmed(line_.substr(entry + 7))));
    }
    return kernels;
  }

 private:
  struct Register {
    uint32_t slot;
    unsigned bits;
  };

  [[noreturn]] void refuse(const std::string& sentence) const {
    throw PtxFault(name_ + " line " + std::to_string(number_) + ": '" + line_ + "' " + sentence);
  }

  // The next line that says something.
  bool next() {
    while (std::getline(stream_, line_)) {
      ++number_;
      line_ = trimmed(line_.substr(0, line_.find("//")));
      if (!line_.empty()) return true;
    }
    return false;
  }

  void need_next() {
    if (!next()) throw PtxFault(name_ + ": the text ends within a kernel");
  }

  std::unique_ptr<KernelCode> kernel(const std::string& head) {
    auto code = std::make_unique<KernelCode>();
    code_ = code.get();
    registers_.clear(), labels_.clear(), parameters_.clear(), constants_.clear(), branches_.clear();
    const size_t open = head.find('(');
    code->name = head.substr(0, open);
    code->title = title_of(code->name);
    if (open != std::string::npos) read_parameters(head.substr(open + 1));
    for (need_next(); line_ != "{"; need_next()) {
      if (begins(line_, ".minnctapersm ")) continue;
      if (!begins(line_, ".maxntid ")) refuse("is not understood before a kernel");
      code->most_threads = 1;
      for (const std::string& extent : parted(line_.substr(9), ',')) code->most_threads *= std::stoul(extent);
    }
    for (size_t i = 0; i < kPlaceRegisterCount; ++i) registers_[kPlaceRegisters[i]] = {static_cast<uint32_t>(i), 32};
    bool declaring = true;
    for (need_next(); line_ != "}"; need_next()) {
      if (begins(line_, ".reg ")) {
        // Slots of constants follow those of registers.
        if (!declaring) refuse("comes after the first instruction");
        declare();
      } else if (line_.back() == ':') {
        labels_[line_.substr(0, line_.size() - 1)] = static_cast<uint32_t>(code->instructions.size());
      } else if (line_ != ".pragma \"nounroll\";") {
        declaring = false;
        instruction();
      }
    }
    if (code->instructions.empty() || !leaves(code->instructions.back())) refuse("ends a kernel that goes on");
    for (const auto& [at, label] : branches_) {
      const auto found = labels_.find(label);
      if (found == labels_.end()) throw PtxFault(name_ + ": there is no label '" + label + "'");
      code->instructions[at].target = found->second;
    }
    code->counts.resize(code->instructions.size());
    return code;
  }

  // ".param .align 8 .b8 NAME[464]" or ".param .u64 NAME", one a line.
  void read_parameters(std::string rest) {
    for (;; need_next(), rest = line_) {
      for (const std::string& text : parted(rest, ',')) {
        if (text.empty() || text == ")") continue;
        if (!begins(text, ".param ")) refuse("is not understood among parameters");
        std::string name = text.substr(text.rfind(' ') + 1);
        while (!name.empty() && name.back() == ')') name.pop_back();
        uint32_t bytes = 0, align = 0;
        const size_t bracket = name.find('[');
        if (bracket != std::string::npos) {
          bytes = static_cast<uint32_t>(std::stoul(name.substr(bracket + 1)));
          name.resize(bracket);
          align = 1;
        }
        const size_t aligned = text.find(".align ");
        if (aligned != std::string::npos) align = static_cast<uint32_t>(std::stoul(text.substr(aligned + 7)));
        if (bytes == 0) {
          const size_t digits = text.find_first_of("0123456789");
          bytes = static_cast<uint32_t>(std::stoul(text.substr(digits))) / 8;
          align = bytes;
        }
        const uint32_t offset = (code_->parameter_bytes + align - 1) / align * align;
        parameters_[name] = offset;
        code_->parameters.push_back({offset, bytes});
        code_->parameter_bytes = offset + bytes;
      }
      if (rest.find(')') != std::string::npos) return;
    }
  }

  // ".reg .b64 %rd<257>;"
  void declare() {
    const size_t percent = line_.find('%'), open = line_.find('<');
    if (percent == std::string::npos || line_.back() != ';') refuse("is not understood as registers");
    const std::string type = trimmed(line_.substr(5, percent - 5));
    const unsigned bits = type == ".pred" ? 1 : static_cast<unsigned>(std::stoul(type.substr(2)));
    const auto declared = [&](const std::string& name) {
      registers_[name] = {static_cast<uint32_t>(code_->first_constant()), bits};
      code_->registers.push_back(name);
    };
    if (open == std::string::npos) return declared(line_.substr(percent, line_.size() - 1 - percent));
    const std::string stem = line_.substr(percent, open - percent);
    const unsigned long count = std::stoul(line_.substr(open + 1));
    for (unsigned long i = 0; i < count; ++i) declared(stem + std::to_string(i));
  }

  void instruction() {
    const std::string high = "{ .reg .b32 tmp; mov.b64 {tmp, ", close = " }";
    std::string text = line_;
    if (begins(text, high)) text = "mov.high.b64 " + text.substr(high.size(), text.size() - high.size() - close.size());
    if (text.back() != ';') refuse("does not end its line");
    text.pop_back();
    Instruction out{};
    out.line = number_;
    if (text[0] == '@') {
      out.guard_negated = text[1] == '!';
      const size_t space = text.find_first_of(" \t");
      out.guard = operand(text.substr(out.guard_negated ? 2 : 1, space - (out.guard_negated ? 2 : 1)), 1, true);
      text = trimmed(text.substr(space));
    }
    const size_t space = text.find_first_of(" \t");
    std::string name = text.substr(0, space);
    // A generic address of global memory is its global address, and no kernel has another memory to point into.
    if (begins(name, "ld.u") || begins(name, "ld.b") || begins(name, "ld.f")) name.replace(0, 2, "ld.global");
    const Form* const form = find_form(name);
    if (!form) refuse("holds the instruction '" + name + "', which no kernel should contain");
    out.operation = form->operation;
    // Vectors are written in braces; what they hold are operands like any other.
    std::string list = space == std::string::npos ? std::string() : text.substr(space);
    for (char& c : list) {
      if (c == '{' || c == '}') c = ' ';
    }
    const std::vector<std::string> operands = parted(list, ',');
    switch (form->kind) {
      case FormKind::kArithmetic:
        out.results = 1;
        expect(operands, form->bits.size());
        for (size_t i = 0; i < operands.size(); ++i) out.slots[i] = operand(operands[i], form->bits[i], i == 0);
        break;
      case FormKind::kLoadParam:
      case FormKind::kLoadGlobal:
        out.results = static_cast<uint8_t>(form->bits.size());
        expect(operands, form->bits.size() + 1);
        for (size_t i = 0; i < form->bits.size(); ++i) {
          out.register_bits = static_cast<uint8_t>(std::max(width(operands[i]), form->bits[i]));
          out.slots[i] = operand(operands[i], out.register_bits, true);
        }
        address(operands.back(), &out, kMostOperands - 1);
        break;
      case FormKind::kStoreGlobal:
        expect(operands, form->bits.size() + 1);
        address(operands[0], &out, kMostOperands - 1);
        for (size_t i = 0; i < form->bits.size(); ++i) {
          out.slots[i] = operand(operands[i + 1], std::max(width(operands[i + 1]), form->bits[i]), false);
        }
        break;
      case FormKind::kAtomic:
        out.results = 1;
        expect(operands, 3);
        out.slots[0] = operand(operands[0], form->bits[0], true);
        address(operands[1], &out, kMostOperands - 1);
        out.slots[1] = operand(operands[2], form->bits[1], false);
        break;
      case FormKind::kBranch:
        expect(operands, 1);
        branches_.emplace_back(code_->instructions.size(), operands[0]);
        break;
      case FormKind::kReturn:
        expect(operands, 0);
        break;
    }
    code_->instructions.push_back(out);
    code_->texts.push_back(line_);
  }

  void expect(const std::vector<std::string>& operands, size_t count) const {
    if (operands.size() != count) refuse("does not have " + std::to_string(count) + " operands");
  }

  unsigned width(const std::string& text) const {
    const auto found = registers_.find(text);
    return found == registers_.end() ? 0 : found->second.bits;
  }

  uint32_t operand(const std::string& text, unsigned bits, bool is_register) {
    const auto found = registers_.find(text);
    if (found != registers_.end()) {
      const unsigned has = found->second.bits;
      if (has != bits) refuse("has an operand of another width: " + text);
      if (is_register && found->second.slot < kPlaceRegisterCount) refuse("writes what a thread cannot write");
      return found->second.slot;
    }
    if (is_register) refuse("has an operand that is not a register: " + text);
    return constant(text, bits);
  }

  uint32_t constant(const std::string& text, unsigned bits) {
    uint64_t value = 0;
    const auto parameter = parameters_.find(text);
    if (parameter != parameters_.end()) {
      value = parameter->second;
    } else {
      const bool floating = text.size() > 2 && text[0] == '0' && (text[1] == 'f' || text[1] == 'd');
      size_t used = 0;
      try {
        if (floating) {
          value = std::stoull(text.substr(2), &used, 16);
          used += 2;
        } else if (text[0] == '-') {
          value = static_cast<uint64_t>(std::stoll(text, &used, 0));
        } else {
          value = std::stoull(text, &used, 0);
        }
      } catch (const std::exception&) {
      }
      if (used == 0 || used != text.size()) refuse("has an operand that is not understood: " + text);
    }
    // Predicates included, whose true is -1.
    if (bits < 64) value &= (uint64_t{1} << bits) - 1;
    const auto [at, is_new] =
        constants_.emplace(value, static_cast<uint32_t>(code_->first_constant() + code_->constants.size()));
    if (is_new) code_->constants.push_back(value);
    return at->second;
  }

  // "[%rd29+4]", "[%rd29]", "[NAME+8]"
  void address(const std::string& text, Instruction* out, int slot) {
    if (text.size() < 3 || text.front() != '[' || text.back() != ']') refuse("has no address: " + text);
    const std::string inner = text.substr(1, text.size() - 2);
    const size_t sign = inner.find_first_of("+-", 1);
    std::string base = inner.substr(0, sign);
    if (sign != std::string::npos) {
      out->displacement = std::stoll(inner.substr(inner[sign] == '+' ? sign + 1 : sign));
    }
    out->slots[slot] = operand(base, 64, false);
  }

  std::istringstream stream_;
  const std::string& name_;
  std::string line_;
  uint32_t number_ = 0;
  KernelCode* code_ = nullptr;
  std::unordered_map<std::string, Register> registers_;
  std::unordered_map<std::string, uint32_t> labels_, parameters_;
  std::unordered_map<uint64_t, uint32_t> constants_;
  std::vector<std::pair<size_t, std::string>> branches_;
};

}  // namespace

std::vector<std::unique_ptr<KernelCode>> read_kernels(const std::string& text, const std::string& name) {
  return Reader(text, name).kernels();
}

}  // namespace ds::ptx
