// How each instruction is written: which operation a name stands for, and the width of each operand.
#include "ptx_forms.h"

#include <unordered_map>

namespace ds::ptx {
namespace {

using Forms = std::unordered_map<std::string, Form>;

Forms make_forms() {
  const auto arithmetic = FormKind::kArithmetic;
  const auto values = [](unsigned bits, unsigned count) { return std::vector<unsigned>(count, bits); };
  Forms forms;
#define DS_PTX_FORM(name, text, Out, In, ...) forms[text] = {Operation::k##name, arithmetic, {kBits<Out>, kBits<In>}};
  DS_PTX_UNARY(DS_PTX_FORM)
#undef DS_PTX_FORM
#define DS_PTX_FORM(name, text, Out, In, ...) \
  forms[text] = {Operation::k##name, arithmetic, {kBits<Out>, kBits<In>, kBits<In>}};
  DS_PTX_BINARY(DS_PTX_FORM)
#undef DS_PTX_FORM
#define DS_PTX_FORM(name, text, Type) forms[text] = {Operation::k##name, arithmetic, {kBits<Type>, kBits<Type>, 32}};
  DS_PTX_LEFT_SHIFT(DS_PTX_FORM)
  DS_PTX_RIGHT_SHIFT(DS_PTX_FORM)
#undef DS_PTX_FORM
#define DS_PTX_FORM(name, text, Type, ...) \
  forms[text] = {Operation::k##name, arithmetic, {kBits<Type>, kBits<Type>, kBits<Type>, kBits<Type>}};
  DS_PTX_TERNARY(DS_PTX_FORM)
#undef DS_PTX_FORM
#define DS_PTX_FORM(name, text, Type) \
  forms[text] = {Operation::k##name, arithmetic, {kBits<Type>, kBits<Type>, kBits<Type>, 1}};
  DS_PTX_SELECT(DS_PTX_FORM)
#undef DS_PTX_FORM
#define DS_PTX_FORM(name, text, Type) \
  forms[text] = {Operation::k##name, arithmetic, {kBits<Type>, kBits<Type>, kBits<Type>, 32, 32}};
  DS_PTX_INSERT(DS_PTX_FORM)
#undef DS_PTX_FORM
#define DS_PTX_FORM(name, text, Type, count) \
  forms[text] = {Operation::k##name, FormKind::kLoadParam, values(kBits<Type>, count)};
  DS_PTX_LOAD_PARAM(DS_PTX_FORM)
#undef DS_PTX_FORM
#define DS_PTX_FORM(name, text, Type, count) \
  forms[text] = {Operation::k##name, FormKind::kLoadGlobal, values(kBits<Type>, count)};
  DS_PTX_LOAD_GLOBAL(DS_PTX_FORM)
#undef DS_PTX_FORM
#define DS_PTX_FORM(name, text, Type, count) \
  forms[text] = {Operation::k##name, FormKind::kStoreGlobal, values(kBits<Type>, count)};
  DS_PTX_STORE_GLOBAL(DS_PTX_FORM)
#undef DS_PTX_FORM
  const FormKind control[] = {FormKind::kAtomic, FormKind::kBranch, FormKind::kBranch, FormKind::kReturn};
  size_t next = 0;
#define DS_PTX_FORM(name, text) forms[text] = {Operation::k##name, control[next++], {}};
  DS_PTX_CONTROL(DS_PTX_FORM)
#undef DS_PTX_FORM
  forms["atom.global.min.u64"].bits = {64, 64};
  return forms;
}

const Forms& all_forms() {
  static const Forms forms = make_forms();
  return forms;
}

}  // namespace

const Form* find_form(const std::string& text) {
  const auto found = all_forms().find(text);
  return found == all_forms().end() ? nullptr : &found->second;
}

}  // namespace ds::ptx
