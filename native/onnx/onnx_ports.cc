// Checks and sentences for the inputs and outputs of a model.
#include "onnx_ports.h"

#include <algorithm>

#include "../../cuda/failure.h"
#include "ort_api.h"

namespace ds {
namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(FailureCode::kModel, sentence); }

// False where a dimension is negative or the count does not fit.
bool byte_count(const std::vector<int64_t>& shape, size_t width, size_t* bytes) noexcept {
  size_t count = width;
  for (int64_t dimension : shape) {
    if (dimension < 0 || __builtin_mul_overflow(count, static_cast<size_t>(dimension), &count)) return false;
  }
  *bytes = count;
  return true;
}

}  // namespace

TensorType tensor_type(int type_number) noexcept {
  switch (type_number) {
    case ort::kElementFloat32:
      return TensorType::kFloat32;
    case ort::kElementFloat16:
      return TensorType::kFloat16;
    case ort::kElementBfloat16:
      return TensorType::kBfloat16;
    case ort::kElementInt32:
      return TensorType::kInt32;
    case ort::kElementInt64:
      return TensorType::kInt64;
    default:
      return TensorType::kOther;
  }
}

int type_number(TensorType type) noexcept {
  switch (type) {
    case TensorType::kFloat32:
      return ort::kElementFloat32;
    case TensorType::kFloat16:
      return ort::kElementFloat16;
    case TensorType::kBfloat16:
      return ort::kElementBfloat16;
    case TensorType::kInt32:
      return ort::kElementInt32;
    case TensorType::kInt64:
      return ort::kElementInt64;
    case TensorType::kOther:
      break;
  }
  return 0;
}

size_t byte_width(TensorType type) noexcept {
  switch (type) {
    case TensorType::kFloat16:
    case TensorType::kBfloat16:
      return 2;
    case TensorType::kFloat32:
    case TensorType::kInt32:
      return 4;
    case TensorType::kInt64:
      return 8;
    case TensorType::kOther:
      break;
  }
  return 0;
}

std::string type_name(int type_number) {
  static const char* const kNames[] = {"no tensor", "float32", "uint8",     "int8",       "uint16",  "int16",
                                       "int32",     "int64",   "string",    "bool",       "float16", "float64",
                                       "uint32",    "uint64",  "complex64", "complex128", "bfloat16"};
  constexpr int kCount = sizeof(kNames) / sizeof(kNames[0]);
  if (type_number >= 0 && type_number < kCount) return kNames[type_number];
  return "type number " + std::to_string(type_number);
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i) text += ", ";
    text += shape[i] == -1 ? "?" : std::to_string(shape[i]);
  }
  return text + "]";
}

std::string names_text(const std::vector<OnnxPort>& ports) {
  if (ports.empty()) return "none";
  std::string text;
  for (size_t i = 0; i < ports.size(); ++i) {
    if (i) text += i + 1 < ports.size() ? ", " : " and ";
    text += "'" + ports[i].name + "'";
  }
  return text;
}

const OnnxPort* find_port(const std::vector<OnnxPort>& ports, const std::string& name) noexcept {
  for (const OnnxPort& port : ports) {
    if (port.name == name) return &port;
  }
  return nullptr;
}

bool shape_fits(const std::vector<int64_t>& declared, const std::vector<int64_t>& given) noexcept {
  if (declared.empty()) return true;
  return std::equal(declared.begin(), declared.end(), given.begin(), given.end(),
                    [](int64_t d, int64_t g) { return d < 0 || d == g; });
}

void check_tensor(const OnnxPort& port, const HostTensor& tensor, const std::string& model) {
  const std::string received = type_name(type_number(tensor.type)) + " " + shape_text(tensor.shape);
  size_t bytes = 0;
  if (!byte_count(tensor.shape, byte_width(tensor.type), &bytes) || bytes != tensor.bytes.size()) {
    refuse("Expected input '" + port.name + "' of " + model +
           " to hold as many elements as its shape says but received " + std::to_string(tensor.bytes.size()) +
           " bytes for " + received + ".");
  }
  if (tensor.type == TensorType::kOther || tensor.type != port.type || !shape_fits(port.shape, tensor.shape)) {
    refuse("Expected input '" + port.name + "' of " + model + " to be " + type_name(port.type_number) + " " +
           shape_text(port.shape) + " but received " + received + ".");
  }
}

void check_names(const std::vector<OnnxPort>& inputs, const std::vector<std::string>& given, const std::string& model) {
  for (size_t i = 0; i < given.size(); ++i) {
    if (!find_port(inputs, given[i])) {
      refuse("Expected an input of " + model + " (" + names_text(inputs) + ") but received '" + given[i] + "'.");
    }
    if (std::find(given.begin(), given.begin() + i, given[i]) != given.begin() + i) {
      refuse("Expected input '" + given[i] + "' of " + model + " once but received it twice.");
    }
  }
  for (const OnnxPort& port : inputs) {
    if (std::find(given.begin(), given.end(), port.name) == given.end()) {
      refuse("Expected every input of " + model + " (" + names_text(inputs) + ") but '" + port.name + "' is missing.");
    }
  }
}

}  // namespace ds
