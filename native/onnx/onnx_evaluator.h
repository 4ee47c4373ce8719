// From a checked binding to the evaluator of one run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../../cuda/network.h"
#include "onnx_model.h"

namespace ds {

struct BoundPorts {
  OnnxRoles roles;
  int64_t rows;
  int64_t elements;            // of one row
  std::vector<int64_t> shape;  // of x and out
  std::vector<int64_t> time_shape;
  std::vector<int64_t> second_time_shape;
};

// Everything must have been checked against the ports of `model`; `extra` is kept for the life of the evaluator.
std::unique_ptr<Evaluator> make_onnx_evaluator(std::shared_ptr<OnnxModel> model, BoundPorts binding,
                                               std::vector<HostTensor> extra);

}  // namespace ds
