// Binding a model to one run: every name, type and dimension is checked here, before the first step.
#include <utility>

#include "../../cuda/failure.h"
#include "onnx_evaluator.h"
#include "onnx_halves.h"
#include "onnx_ports.h"

namespace ds {
namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(FailureCode::kModel, sentence); }

// What `bind` asks of a port before it says what it would feed it.
struct PortCheck {
  const std::string& model;
  int64_t rows;

  Dtype dtype(const OnnxPort& port, const char* kind) const {
    Dtype dtype;
    if (floating(port.type, &dtype)) return dtype;
    refuse(std::string("Expected ") + kind + " '" + port.name + "' of " + model +
           " to be float32, float16 or bfloat16 but it is " + type_name(port.type_number) + ".");
  }

  void takes(const OnnxPort& port, const char* kind, const std::vector<int64_t>& shape) const {
    batch(port, kind);
    if (shape_fits(port.shape, shape)) return;
    refuse(std::string("Expected ") + kind + " '" + port.name + "' of " + model + " to accept " + shape_text(shape) +
           " but it is declared " + shape_text(port.shape) + ".");
  }

  void batch(const OnnxPort& port, const char* kind) const {
    if (port.shape.empty() || port.shape[0] < 0 || port.shape[0] == rows) return;
    refuse(std::string("Expected ") + kind + " '" + port.name + "' of " + model + " to accept " + std::to_string(rows) +
           " rows but the model was exported with a fixed batch of " + std::to_string(port.shape[0]) + " (" +
           shape_text(port.shape) + ").");
  }

  // One time per row: [rows], or with further dimensions of 1; a scalar only where there is a single row.
  BoundPort time(const OnnxPort& port) const {
    const Dtype of = dtype(port, "input");
    batch(port, "input");
    std::vector<int64_t> shape(port.shape.size(), 1);
    if (!shape.empty()) shape[0] = rows;
    if ((shape.empty() && rows != 1) || !shape_fits(port.shape, shape)) {
      refuse("Expected input '" + port.name + "' of " + model + " to accept one time for each of " +
             std::to_string(rows) + " rows, as [" + std::to_string(rows) + "] or [" + std::to_string(rows) +
             ", 1], but it is declared " + shape_text(port.shape) + ".");
    }
    return {port.name, of, std::move(shape)};
  }
};

}  // namespace

std::unique_ptr<Evaluator> OnnxModel::bind(const OnnxRoles& roles, int64_t rows, const std::vector<int64_t>& row_shape,
                                           std::vector<HostTensor> extra) {
  std::vector<std::string> given{roles.x, roles.t};
  if (!roles.r.empty()) given.push_back(roles.r);
  for (const HostTensor& tensor : extra) given.push_back(tensor.name);
  check_names(inputs_, given, label_);
  const OnnxPort* output = find_port(outputs_, roles.out);
  if (!output)
    refuse("Expected an output of " + label_ + " (" + names_text(outputs_) + ") but received '" + roles.out + "'.");

  std::vector<int64_t> shape{rows};
  int64_t elements = 1;
  for (int64_t dimension : row_shape) {
    shape.push_back(dimension);
    elements *= dimension;
  }
  const PortCheck check{label_, rows};
  const OnnxPort& state = *find_port(inputs_, roles.x);
  BoundPorts bound{rows, elements, {roles.x, check.dtype(state, "input"), shape}, {}, {}, {}};
  check.takes(state, "input", shape);
  bound.t = check.time(*find_port(inputs_, roles.t));
  if (!roles.r.empty()) bound.r = check.time(*find_port(inputs_, roles.r));
  bound.out = {roles.out, check.dtype(*output, "output"), shape};
  check.takes(*output, "output", shape);
  for (HostTensor& tensor : extra) {
    const OnnxPort& port = *find_port(inputs_, tensor.name);
    check.batch(port, "input");
    tensor = narrowed(std::move(tensor), port.type);
    check_tensor(port, tensor, label_);
    if (tensor.shape.empty() || tensor.shape[0] != rows) {
      refuse("Expected input '" + port.name + "' of " + label_ + " to have " + std::to_string(rows) +
             " rows but received " + type_name(type_number(tensor.type)) + " " + shape_text(tensor.shape) + ".");
    }
  }
  auto self = std::static_pointer_cast<OnnxModel>(shared_from_this());
  return make_onnx_evaluator(std::move(self), std::move(bound), std::move(extra));
}

}  // namespace ds
