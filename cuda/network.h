// A network that the step loop can evaluate itself: built in, ONNX, later a plugin.
#pragma once

#include <cstdint>

#include "backend.h"

namespace ds {

// Arrays lie in the backend's memory where nothing else is said.
struct NetworkCall {
  Backend* backend;
  int64_t rows;
  int64_t elements;
  const void* input;               // [rows, elements], of input_dtype()
  const float* times;              // [rows]
  const float* host_times;         // [rows], the same in host memory
  const float* second_times;       // [rows]; null unless takes_second_time()
  const float* host_second_times;  // [rows], the same in host memory
  void* output;                    // [rows, elements], of output_dtype()
};

// One network with the conditioning of one run. Not shared between runs, so it may keep scratch memory.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // Whether this is a flow map u(x, t, r): then every call has a second time, and otherwise none has.
  virtual bool takes_second_time() const noexcept { return false; }
  virtual Dtype input_dtype() const noexcept { return Dtype::kFloat32; }
  virtual Dtype output_dtype() const noexcept { return Dtype::kFloat32; }
  // Queues or does the work; throws Failure.
  virtual void evaluate(const NetworkCall& call) = 0;
  // From any thread: asks a running evaluate to stop soon. It then throws Failure with kAborted.
  virtual void interrupt() noexcept {}
};

}  // namespace ds
