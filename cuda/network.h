// A network that the step loop can evaluate itself: built in, ONNX, later a plugin.
#pragma once

#include <cstdint>

#include "backend.h"

namespace ds {

struct NetworkCall {
  Backend* backend;
  int64_t rows;
  int64_t elements;
  const float* input;              // [rows, elements], in the backend's memory
  const float* times;              // [rows], in the backend's memory
  const float* host_times;         // [rows], the same in host memory
  const float* second_times;       // [rows], in the backend's memory; null unless takes_second_time()
  const float* host_second_times;  // [rows], the same in host memory
  float* output;                   // [rows, elements], in the backend's memory
};

// One network with the conditioning of one run. Not shared between runs, so it may keep scratch memory.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // Whether this is a flow map u(x, t, r): then every call has a second time, and otherwise none has.
  virtual bool takes_second_time() const noexcept { return false; }
  // Queues or does the work; throws Failure.
  virtual void evaluate(const NetworkCall& call) = 0;
  // From any thread: asks a running evaluate to stop soon. It then throws Failure with kAborted.
  virtual void interrupt() noexcept {}
};

}  // namespace ds
