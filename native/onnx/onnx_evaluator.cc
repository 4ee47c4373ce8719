// A model bound to the conditioning of one run: the step loop's buffers are the model's own input and output.
#include "onnx_evaluator.h"

#include <cstring>
#include <utility>

#include "../../cuda/failure.h"
#include "interruption.h"
#include "onnx_halves.h"
#include "onnx_ports.h"

namespace ds {
namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(FailureCode::kModel, sentence); }

int element_number(Dtype dtype) noexcept {
  switch (dtype) {
    case Dtype::kFloat16:
      return ort::kElementFloat16;
    case Dtype::kBfloat16:
      return ort::kElementBfloat16;
    case Dtype::kFloat32:
      break;
  }
  return ort::kElementFloat32;
}

size_t byte_count(int64_t elements, Dtype dtype) noexcept { return static_cast<size_t>(elements * dtype_bytes(dtype)); }

// One port of a binding whose memory may be another from call to call. It keeps a tensor for each address seen lately,
// because the slots of a plan come round again: after the first steps nothing is made.
template <typename BindEntry>
class MovingPort {
 public:
  MovingPort(const ort::Library& library, ort::IoBinding* binding, const BoundPort& port, size_t bytes)
      : library_(library), binding_(binding), port_(port), bytes_(bytes) {
    kept_.reserve(kKept);
  }

  void point_to(void* data) {
    if (data == current_) return;
    const ort::Value* value = tensor_at(data);
    current_ = nullptr;
    library_.api.must(BindEntry{}, binding_, port_.name.c_str(), value);
    current_ = data;
  }

 private:
  static constexpr size_t kKept = 8;
  struct Kept {
    void* data;
    ort::ValueHandle value;
  };

  const ort::Value* tensor_at(void* data) {
    for (const Kept& kept : kept_) {
      if (kept.data == data) return kept.value.get();
    }
    Kept made{data, library_.tensor(data, bytes_, port_.shape.data(), port_.shape.size(), element_number(port_.dtype))};
    if (kept_.size() < kKept) {
      kept_.push_back(std::move(made));
      return kept_.back().value.get();
    }
    Kept& oldest = kept_[next_];
    next_ = (next_ + 1) % kKept;
    oldest = std::move(made);
    return oldest.value.get();
  }

  const ort::Library& library_;
  ort::IoBinding* binding_;
  const BoundPort& port_;
  size_t bytes_;
  std::vector<Kept> kept_;
  size_t next_ = 0;
  void* current_ = nullptr;
};

class OnnxEvaluator final : public Evaluator {
 public:
  OnnxEvaluator(std::shared_ptr<OnnxModel> model, BoundPorts bound, std::vector<HostTensor> extra)
      : model_(std::move(model)),
        api_(model_->library().api),
        bound_(std::move(bound)),
        input_bytes_(byte_count(bound_.rows * bound_.elements, bound_.x.dtype)),
        output_bytes_(byte_count(bound_.rows * bound_.elements, bound_.out.dtype)),
        extra_(std::move(extra)),
        stop_(api_, model_->label()),
        binding_(api_.make<ort::IoBindingHandle>(ort::kCreateIoBinding, model_->session())),
        x_(model_->library(), binding_.get(), bound_.x, input_bytes_),
        out_(model_->library(), binding_.get(), bound_.out, output_bytes_) {
    bind_times(bound_.t, &times_);
    if (takes_second_time()) bind_times(bound_.r, &second_times_);
    for (HostTensor& tensor : extra_) {
      bind_fixed(tensor.name, tensor.bytes.data(), tensor.bytes.size(), tensor.shape, type_number(tensor.type));
    }
  }

  bool takes_second_time() const noexcept override { return !bound_.r.name.empty(); }
  Dtype input_dtype() const noexcept override { return bound_.x.dtype; }
  Dtype output_dtype() const noexcept override { return bound_.out.dtype; }

  void evaluate(const NetworkCall& call) override {
    if (call.rows != bound_.rows || call.elements != bound_.elements) {
      throw Failure(FailureCode::kInternal, "A network was called with another batch than it was bound to.");
    }
    const auto rows = static_cast<size_t>(bound_.rows);
    write_as(bound_.t.dtype, call.host_times, rows, times_.data());
    if (takes_second_time()) write_as(bound_.r.dtype, call.host_second_times, rows, second_times_.data());
    if (call.backend->host_memory()) {
      compute(const_cast<void*>(call.input), call.output);
      return;
    }
    staged_input_.resize(input_bytes_);
    staged_output_.resize(output_bytes_);
    call.backend->download(staged_input_.data(), call.input, input_bytes_);
    compute(staged_input_.data(), staged_output_.data());
    call.backend->upload(call.output, staged_output_.data(), output_bytes_);
  }

  void interrupt() noexcept override { stop_.interrupt(); }

 private:
  void bind_times(const BoundPort& port, std::vector<uint8_t>* times) {
    times->resize(byte_count(bound_.rows, port.dtype));
    bind_fixed(port.name, times->data(), times->size(), port.shape, element_number(port.dtype));
  }

  void bind_fixed(const std::string& name, void* data, size_t bytes, const std::vector<int64_t>& shape, int element) {
    // The binding shares ownership of the tensor, and the memory is this object's.
    const auto tensor = model_->library().tensor(data, bytes, shape.data(), shape.size(), element);
    api_.must(ort::kBindInput, binding_.get(), name.c_str(), static_cast<const ort::Value*>(tensor.get()));
  }

  void compute(void* input, void* output) {
    stop_.check();
    x_.point_to(input);
    out_.point_to(output);
    const ort::RunOptions* options = stop_.options();
    const ort::IoBinding* binding = binding_.get();
    ort::Status* status = api_.call(ort::kRunWithBinding, model_->session(), options, binding);
    const std::string message = status ? api_.take_message(status) : std::string();
    stop_.check();
    if (status) {
      refuse("Running " + model_->label() + " with '" + bound_.x.name + "' of shape " + shape_text(bound_.x.shape) +
             " for '" + bound_.out.name + "' of the same shape failed; ONNX Runtime says: " + message + ".");
    }
    check_written(output);
  }

  // A model may hand an input through as its output; the library then leaves the bound memory alone.
  void check_written(const void* output) const {
    ort::Value** values = nullptr;
    size_t count = 0;
    ort::Allocator* allocator = model_->library().allocator;
    const ort::IoBinding* binding = binding_.get();
    api_.must(ort::kGetBoundOutputValues, binding, allocator, &values, &count);
    const std::unique_ptr<ort::Value*, ort::AllocatorReleaser> array(values, {&api_, allocator});
    const ort::ValueHandle value(count == 1 ? values[0] : nullptr, {&api_});
    void* data = nullptr;
    if (value) api_.must(ort::kGetTensorMutableData, value.get(), &data);
    if (data != output)
      refuse("Expected " + model_->label() + " to compute '" + bound_.out.name + "' but it hands on an input.");
  }

  std::shared_ptr<OnnxModel> model_;
  const ort::Api& api_;
  BoundPorts bound_;
  size_t input_bytes_, output_bytes_;
  std::vector<HostTensor> extra_;
  std::vector<uint8_t> times_;                         // as the model takes them
  std::vector<uint8_t> second_times_;                  // flow maps only
  std::vector<uint8_t> staged_input_, staged_output_;  // without host memory only
  Interruption stop_;
  ort::IoBindingHandle binding_;
  MovingPort<decltype(ort::kBindInput)> x_;
  MovingPort<decltype(ort::kBindOutput)> out_;
};

}  // namespace

std::unique_ptr<Evaluator> make_onnx_evaluator(std::shared_ptr<OnnxModel> model, BoundPorts binding,
                                               std::vector<HostTensor> extra) {
  return std::make_unique<OnnxEvaluator>(std::move(model), std::move(binding), std::move(extra));
}

}  // namespace ds
