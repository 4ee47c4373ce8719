// Networks for measurements: one that costs nothing, one that costs a copy, and ONNX models.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../../cuda/network.h"

namespace ds {

class Line;

// What makes the evaluators of one run over `rows` rows of `elements`.
class NetworkMaker {
 public:
  virtual ~NetworkMaker() = default;
  // `second_time`: for a flow map.
  virtual std::unique_ptr<Evaluator> make(int64_t rows, int64_t elements, bool second_time) = 0;
};

// network=none|copy|mixture-sit|mixture-edm, or model=FILE library=FILE for a model with inputs x and t and output v.
std::unique_ptr<NetworkMaker> read_network(Line* line);

}  // namespace ds
