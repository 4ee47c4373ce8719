// A model bound to the conditioning of one run: the step loop's buffers are the model's own input and output.
#include "onnx_evaluator.h"

#include <cstring>
#include <utility>

#include "../../cuda/failure.h"
#include "interruption.h"
#include "onnx_ports.h"

namespace ds {
namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(FailureCode::kModel, sentence); }

// One port of a binding whose memory may be another from call to call. It keeps a tensor for each address seen lately,
// because the slots of a plan come round again: after the first steps nothing is made.
template <typename BindEntry>
class MovingPort {
 public:
  MovingPort(const ort::Library& library, ort::IoBinding* binding, std::string name, std::vector<int64_t> shape,
             size_t bytes)
      : library_(library), binding_(binding), name_(std::move(name)), shape_(std::move(shape)), bytes_(bytes) {
    kept_.reserve(kKept);
  }

  void point_to(float* data) {
    if (data == current_) return;
    const ort::Value* value = tensor_at(data);
    current_ = nullptr;
    library_.api.must(BindEntry{}, binding_, name_.c_str(), value);
    current_ = data;
  }

 private:
  static constexpr size_t kKept = 8;
  struct Kept {
    float* data;
    ort::ValueHandle value;
  };

  const ort::Value* tensor_at(float* data) {
    for (const Kept& kept : kept_) {
      if (kept.data == data) return kept.value.get();
    }
    Kept made{data, library_.tensor(data, bytes_, shape_.data(), shape_.size(), ort::kElementFloat32)};
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
  std::string name_;
  std::vector<int64_t> shape_;
  size_t bytes_;
  std::vector<Kept> kept_;
  size_t next_ = 0;
  float* current_ = nullptr;
};

class OnnxEvaluator final : public Evaluator {
 public:
  OnnxEvaluator(std::shared_ptr<OnnxModel> model, BoundPorts bound, std::vector<HostTensor> extra)
      : model_(std::move(model)),
        api_(model_->library().api),
        bound_(std::move(bound)),
        bytes_(static_cast<size_t>(bound_.rows * bound_.elements) * sizeof(float)),
        extra_(std::move(extra)),
        times_(static_cast<size_t>(bound_.rows)),
        second_times_(takes_second_time() ? times_.size() : 0),
        stop_(api_, model_->label()),
        binding_(api_.make<ort::IoBindingHandle>(ort::kCreateIoBinding, model_->session())),
        x_(model_->library(), binding_.get(), bound_.roles.x, bound_.shape, bytes_),
        out_(model_->library(), binding_.get(), bound_.roles.out, bound_.shape, bytes_) {
    bind_times(bound_.roles.t, &times_, bound_.time_shape);
    if (takes_second_time()) bind_times(bound_.roles.r, &second_times_, bound_.second_time_shape);
    for (HostTensor& tensor : extra_) {
      bind_fixed(tensor.name, tensor.bytes.data(), tensor.bytes.size(), tensor.shape, type_number(tensor.type));
    }
  }

  bool takes_second_time() const noexcept override { return !bound_.roles.r.empty(); }

  void evaluate(const NetworkCall& call) override {
    if (call.rows != bound_.rows || call.elements != bound_.elements) {
      throw Failure(FailureCode::kInternal, "A network was called with another batch than it was bound to.");
    }
    std::memcpy(times_.data(), call.host_times, times_.size() * sizeof(float));
    if (takes_second_time()) {
      std::memcpy(second_times_.data(), call.host_second_times, second_times_.size() * sizeof(float));
    }
    if (call.backend->host_memory()) {
      compute(const_cast<float*>(call.input), call.output);
      return;
    }
    staging_.resize(2 * bytes_ / sizeof(float));
    float* input = staging_.data();
    float* output = input + bytes_ / sizeof(float);
    call.backend->download(input, call.input, bytes_);
    compute(input, output);
    call.backend->upload(call.output, output, bytes_);
  }

  void interrupt() noexcept override { stop_.interrupt(); }

 private:
  void bind_times(const std::string& name, std::vector<float>* times, const std::vector<int64_t>& shape) {
    bind_fixed(name, times->data(), times->size() * sizeof(float), shape, ort::kElementFloat32);
  }

  void bind_fixed(const std::string& name, void* data, size_t bytes, const std::vector<int64_t>& shape, int element) {
    // The binding shares ownership of the tensor, and the memory is this object's.
    const auto tensor = model_->library().tensor(data, bytes, shape.data(), shape.size(), element);
    api_.must(ort::kBindInput, binding_.get(), name.c_str(), static_cast<const ort::Value*>(tensor.get()));
  }

  void compute(float* input, float* output) {
    stop_.check();
    x_.point_to(input);
    out_.point_to(output);
    const ort::RunOptions* options = stop_.options();
    const ort::IoBinding* binding = binding_.get();
    ort::Status* status = api_.call(ort::kRunWithBinding, model_->session(), options, binding);
    const std::string message = status ? api_.take_message(status) : std::string();
    stop_.check();
    if (status) {
      refuse("Running " + model_->label() + " with '" + bound_.roles.x + "' of shape " + shape_text(bound_.shape) +
             " for '" + bound_.roles.out + "' of the same shape failed; ONNX Runtime says: " + message + ".");
    }
    check_written(output);
  }

  // A model may hand an input through as its output; the library then leaves the bound memory alone.
  void check_written(const float* output) const {
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
      refuse("Expected " + model_->label() + " to compute '" + bound_.roles.out + "' but it hands on an input.");
  }

  std::shared_ptr<OnnxModel> model_;
  const ort::Api& api_;
  BoundPorts bound_;
  size_t bytes_;
  std::vector<HostTensor> extra_;
  std::vector<float> times_;
  std::vector<float> second_times_;  // flow maps only
  std::vector<float> staging_;
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
