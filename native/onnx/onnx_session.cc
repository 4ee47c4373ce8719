// Loading a model, reading its ports, and running it once on host tensors.
#include "onnx_session.h"

#include <filesystem>
#include <utility>

#include "../../cuda/failure.h"
#include "helper_threads.h"
#include "interruption.h"
#include "onnx_halves.h"
#include "onnx_model.h"
#include "onnx_ports.h"

namespace ds {
namespace {

ort::SessionOptionsHandle session_options(const ort::Api& api, int threads) {
  auto options = api.make<ort::SessionOptionsHandle>(ort::kCreateSessionOptions);
  // Errors come back as a status; the log would say them a second time, on somebody else's stderr.
  api.must(ort::kSetSessionLogSeverityLevel, options.get(), ort::kLogFatal);
  api.must(ort::kSetIntraOpNumThreads, options.get(), threads);
  api.must(ort::kSetInterOpNumThreads, options.get(), 1);
  // Idle pool threads would otherwise spin on the cores that the combine pass needs between two calls.
  api.must(ort::kAddSessionConfigEntry, options.get(), "session.intra_op.allow_spinning", "0");
  api.must(ort::kAddSessionConfigEntry, options.get(), "session.inter_op.allow_spinning", "0");
  let_helpers_give_way(api, options.get());
  return options;
}

template <typename NameEntry, typename TypeEntry>
OnnxPort read_port(const ort::Library& library, const ort::Session* session, size_t index, NameEntry name_entry,
                   TypeEntry type_entry) {
  const ort::Api& api = library.api;
  char* chars = nullptr;
  api.must(name_entry, session, index, library.allocator, &chars);
  const std::unique_ptr<char, ort::AllocatorReleaser> name(chars, {&api, library.allocator});
  OnnxPort port{chars, TensorType::kOther, 0, {}};

  const auto type = api.make<ort::TypeInfoHandle>(type_entry, session, index);
  int onnx_type = 0;
  api.must(ort::kGetOnnxTypeFromTypeInfo, type.get(), &onnx_type);
  if (onnx_type != ort::kOnnxTypeTensor) return port;
  const ort::TensorInfo* info = nullptr;  // belongs to `type`
  api.must(ort::kCastTypeInfoToTensorInfo, type.get(), &info);
  api.must(ort::kGetTensorElementType, info, &port.type_number);
  port.type = tensor_type(port.type_number);
  port.shape = read_shape(api, info);
  return port;
}

class ModelCall final : public OnnxCall {
 public:
  explicit ModelCall(std::shared_ptr<const OnnxModel> model)
      : model_(std::move(model)), stop_(model_->library().api, model_->label()) {}

  std::vector<HostTensor> run(std::vector<HostTensor> feeds) override {
    stop_.check();
    try {
      return model_->run(std::move(feeds), stop_.options());
    } catch (...) {
      stop_.check();
      throw;
    }
  }
  void interrupt() noexcept override { stop_.interrupt(); }

 private:
  std::shared_ptr<const OnnxModel> model_;
  Interruption stop_;
};

}  // namespace

std::vector<int64_t> read_shape(const ort::Api& api, const ort::TensorInfo* info) {
  size_t rank = 0;
  api.must(ort::kGetDimensionsCount, info, &rank);
  std::vector<int64_t> shape(rank);
  api.must(ort::kGetDimensions, info, shape.data(), rank);
  return shape;
}

std::shared_ptr<OnnxSession> OnnxSession::load(const std::string& library_path, const std::string& model_path,
                                               const std::vector<uint8_t>& model_bytes, int threads) {
  if (threads < 1) throw Failure(FailureCode::kInternal, "An ONNX session needs at least one thread.");
  const auto library = ort::Library::open(library_path);
  const ort::Api& api = library->api;
  const auto options = session_options(api, threads);
  ort::Session* made = nullptr;
  ort::Status* status = nullptr;
  std::string label;
  if (model_path.empty()) {
    label = "the ONNX model of " + std::to_string(model_bytes.size()) + " bytes";
    status = api.call(ort::kCreateSessionFromArray, library->env, model_bytes.data(), model_bytes.size(), options.get(),
                      &made);
  } else {
    std::error_code error;
    label = model_path;
    if (!std::filesystem::is_regular_file(model_path, error)) {
      throw Failure(FailureCode::kModel,
                    "Expected an ONNX model at " + model_path + " but " +
                        (error ? "that path cannot be opened: " + error.message() : std::string("that is not a file")) +
                        ".");
    }
    status = api.call(ort::kCreateSession, library->env, model_path.c_str(), options.get(), &made);
  }
  ort::SessionHandle session(made, {&api});
  if (status) {
    throw Failure(FailureCode::kModel, "Expected " + label + " to be a model that ONNX Runtime " + library->version +
                                           " can load but it was refused: " + api.take_message(status) + ".");
  }
  return std::make_shared<OnnxModel>(library, std::move(session), std::move(label));
}

OnnxModel::OnnxModel(std::shared_ptr<const ort::Library> library, ort::SessionHandle session, std::string label)
    : library_(std::move(library)), session_(std::move(session)), label_(std::move(label)) {
  const ort::Session* handle = session_.get();
  size_t count = 0;
  library_->api.must(ort::kSessionGetInputCount, handle, &count);
  for (size_t i = 0; i < count; ++i) {
    inputs_.push_back(read_port(*library_, handle, i, ort::kSessionGetInputName, ort::kSessionGetInputTypeInfo));
  }
  library_->api.must(ort::kSessionGetOutputCount, handle, &count);
  for (size_t i = 0; i < count; ++i) {
    outputs_.push_back(read_port(*library_, handle, i, ort::kSessionGetOutputName, ort::kSessionGetOutputTypeInfo));
  }
}

std::unique_ptr<OnnxCall> OnnxModel::call() {
  return std::make_unique<ModelCall>(std::static_pointer_cast<OnnxModel>(shared_from_this()));
}

std::vector<HostTensor> OnnxModel::run(std::vector<HostTensor> feeds, const ort::RunOptions* options) const {
  std::vector<std::string> given;
  for (const HostTensor& feed : feeds) given.push_back(feed.name);
  check_names(inputs_, given, label_);
  for (HostTensor& feed : feeds) {
    const OnnxPort& port = *find_port(inputs_, feed.name);
    feed = narrowed(std::move(feed), port.type);
    check_tensor(port, feed, label_);
  }
  for (const OnnxPort& port : outputs_) {
    if (port.type != TensorType::kOther) continue;
    throw Failure(FailureCode::kModel, "Expected output '" + port.name + "' of " + label_ +
                                           " to be float32, float16, bfloat16, int32 or int64 but it is " +
                                           type_name(port.type_number) + ".");
  }

  std::vector<ort::ValueHandle> tensors;
  std::vector<const char*> names, output_names;
  std::vector<const ort::Value*> values;
  for (HostTensor& feed : feeds) {
    tensors.push_back(library_->tensor(feed.bytes.data(), feed.bytes.size(), feed.shape.data(), feed.shape.size(),
                                       type_number(feed.type)));
    names.push_back(feed.name.c_str());
    values.push_back(tensors.back().get());
  }
  for (const OnnxPort& port : outputs_) output_names.push_back(port.name.c_str());

  std::vector<ort::Value*> made(outputs_.size(), nullptr);
  std::vector<ort::ValueHandle> owned;
  owned.reserve(made.size());
  ort::Status* status = library_->api.call(ort::kRun, session_.get(), options, names.data(), values.data(),
                                           values.size(), output_names.data(), made.size(), made.data());
  for (ort::Value* value : made) owned.emplace_back(value, ort::ValueHandle::deleter_type{&library_->api});
  if (status) {
    throw Failure(FailureCode::kModel,
                  "Running " + label_ + " failed; ONNX Runtime says: " + library_->api.take_message(status) + ".");
  }
  std::vector<HostTensor> results;
  for (size_t i = 0; i < owned.size(); ++i) results.push_back(read_output(outputs_[i], owned[i].get()));
  return results;
}

HostTensor OnnxModel::read_output(const OnnxPort& port, ort::Value* value) const {
  const ort::Api& api = library_->api;
  const auto info = api.make<ort::TensorInfoHandle>(ort::kGetTensorTypeAndShape, value);
  int element = 0;
  api.must(ort::kGetTensorElementType, info.get(), &element);
  HostTensor tensor{port.name, tensor_type(element), read_shape(api, info.get()), {}};
  size_t bytes = byte_width(tensor.type);
  for (int64_t dimension : tensor.shape) bytes *= static_cast<size_t>(dimension);
  void* data = nullptr;
  api.must(ort::kGetTensorMutableData, value, &data);
  const auto* first = static_cast<const uint8_t*>(data);
  if (bytes) tensor.bytes.assign(first, first + bytes);
  return widened(std::move(tensor));
}

}  // namespace ds
