// A network that the step loop can evaluate itself: built in, ONNX, later a plugin.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backend.h"
#include "step_cursor.h"

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
  // Not null in a step that is replayed, which only networks with a blueprint see: both times lie `cursor->times`
  // floats further on in device memory. Those in host memory are then of some step of the run.
  const StepCursor* cursor;
};

// One network with the conditioning of one run. Not shared between runs, so it may keep scratch memory.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // Whether this is a flow map u(x, t, r): then every call has a second time, and otherwise none has.
  virtual bool takes_second_time() const noexcept { return false; }
  virtual Dtype input_dtype() const noexcept { return Dtype::kFloat32; }
  virtual Dtype output_dtype() const noexcept { return Dtype::kFloat32; }
  // Declares that a step with this network may be recorded and replayed: once prepare() was called, evaluate() queues
  // kernels and nothing else, and equal ones for equal calls. Two evaluators with the same pointer do so alike when the
  // one has taken the memory of the other; what differs between them is put there by prepare(). Null: not so.
  virtual std::shared_ptr<const void> blueprint() const noexcept { return nullptr; }
  // With a blueprint: makes everything that evaluate() needs, as far as take_memory() has not brought it.
  virtual void prepare(Backend* backend, int64_t rows, int64_t elements) { (void)backend, (void)rows, (void)elements; }
  // With a blueprint: the memory that the queued kernels use. It is left to another evaluator of the blueprint.
  virtual std::vector<BufferPtr> release_memory() { return {}; }
  virtual void take_memory(std::vector<BufferPtr> memory) { (void)memory; }
  // Queues or does the work; throws Failure.
  virtual void evaluate(const NetworkCall& call) = 0;
  // From any thread: asks a running evaluate to stop soon. It then throws Failure with kAborted.
  virtual void interrupt() noexcept {}
};

}  // namespace ds
