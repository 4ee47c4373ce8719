// ONNX Runtime through its C API, loaded at run time: one library per path, sessions, bound calls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../../cuda/network.h"

namespace ds {

enum class TensorType { kFloat32, kFloat16, kBfloat16, kInt32, kInt64, kOther };

struct OnnxPort {
  std::string name;
  TensorType type;
  int type_number;             // ONNXTensorElementDataType
  std::vector<int64_t> shape;  // -1: symbolic
};

// A host tensor that owns its bytes.
struct HostTensor {
  std::string name;
  TensorType type;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

// Which ports of a model are the state, the time, the second time of a flow map (empty: it has none) and the output.
struct OnnxRoles {
  std::string x, t, r, out;
};

// One single run of a model on host tensors. Keeps the session alive.
class OnnxCall {
 public:
  virtual ~OnnxCall() = default;
  // Float16 and bfloat16 inputs take float32 tensors, and such outputs come as float32.
  // Waits. Throws Failure(kModel), and kAborted after interrupt().
  virtual std::vector<HostTensor> run(std::vector<HostTensor> feeds) = 0;
  // From any thread, before or during run().
  virtual void interrupt() noexcept = 0;
};

class OnnxSession : public std::enable_shared_from_this<OnnxSession> {
 public:
  // Loads the library (once per path and process) and the model. Throws Failure(kModel) with a sentence that names
  // the path, what was expected and what came. Thread-safe.
  static std::shared_ptr<OnnxSession> load(const std::string& library, const std::string& model_path,
                                           const std::vector<uint8_t>& model_bytes, int threads);
  virtual ~OnnxSession() = default;

  virtual const std::vector<OnnxPort>& inputs() const = 0;
  virtual const std::vector<OnnxPort>& outputs() const = 0;

  // Several may run at a time. Throws Failure(kModel).
  virtual std::unique_ptr<OnnxCall> call() = 0;

  // An evaluator for one run: `extra` are the inputs without a role, with a leading dimension of `rows`, kept for the
  // run; float16 and bfloat16 ones take float32 tensors. `row_shape` is the shape of one row of x. The evaluator keeps
  // the session alive. Throws Failure(kModel).
  virtual std::unique_ptr<Evaluator> bind(const OnnxRoles& roles, int64_t rows, const std::vector<int64_t>& row_shape,
                                          std::vector<HostTensor> extra) = 0;
};

}  // namespace ds
