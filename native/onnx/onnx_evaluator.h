// From a checked binding to the evaluator of one run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../../cuda/network.h"
#include "onnx_model.h"

namespace ds {

struct BoundPort {
  std::string name;  // empty: there is none
  Dtype dtype;
  std::vector<int64_t> shape;
};

struct BoundPorts {
  int64_t rows;
  int64_t elements;  // of one row
  BoundPort x, t, r, out;
};

// Everything must have been checked against the ports of `model`; `extra` is kept for the life of the evaluator.
std::unique_ptr<Evaluator> make_onnx_evaluator(std::shared_ptr<OnnxModel> model, BoundPorts binding,
                                               std::vector<HostTensor> extra);

}  // namespace ds
