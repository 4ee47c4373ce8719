// A loaded ONNX model as JavaScript holds it: its ports, and single runs off the JavaScript thread.
#include <utility>

#include "device_binding.h"
#include "host_tensor.h"
#include "job.h"
#include "network_binding.h"

namespace ds {
namespace {

class LoadJob final : public Job {
 public:
  LoadJob(std::string library, std::string path, std::vector<uint8_t> bytes, int threads)
      : library_(std::move(library)), path_(std::move(path)), bytes_(std::move(bytes)), threads_(threads) {}

 protected:
  void work() override {
    session_ = OnnxSession::load(library_, path_, bytes_, threads_);
    std::vector<uint8_t>().swap(bytes_);
  }
  Napi::Value answer(Napi::Env env, const Kept& kept) override {
    return OnnxBinding::make(env, {kept.front().Value(), std::move(session_)});
  }

 private:
  std::string library_, path_;
  std::vector<uint8_t> bytes_;
  int threads_;
  std::shared_ptr<OnnxSession> session_;
};

class FeedJob final : public Job {
 public:
  FeedJob(std::unique_ptr<OnnxCall> call, std::vector<HostTensor> feeds)
      : call_(std::move(call)), feeds_(std::move(feeds)) {}

 protected:
  void work() override { results_ = call_->run(std::move(feeds_)); }
  void interrupt() noexcept override { call_->interrupt(); }
  Napi::Value answer(Napi::Env env, const Kept&) override {
    Napi::Object results = Napi::Object::New(env);
    for (const HostTensor& tensor : results_) results.Set(tensor.name, write_host_tensor(env, tensor));
    return results;
  }

 private:
  const std::unique_ptr<OnnxCall> call_;
  std::vector<HostTensor> feeds_, results_;
};

std::string type_name(const OnnxPort& port) {
  switch (port.type) {
    case TensorType::kFloat32:
      return "float32";
    case TensorType::kFloat16:
      return "float16";
    case TensorType::kBfloat16:
      return "bfloat16";
    case TensorType::kInt32:
      return "int32";
    case TensorType::kInt64:
      return "int64";
    case TensorType::kOther:
      break;
  }
  return "other(" + std::to_string(port.type_number) + ")";
}

Napi::Value write_ports(Napi::Env env, const std::vector<OnnxPort>& ports) {
  Napi::Array list = Napi::Array::New(env);
  for (uint32_t i = 0; i < ports.size(); ++i) {
    Napi::Object port = Napi::Object::New(env);
    port.Set("name", ports[i].name);
    port.Set("dtype", type_name(ports[i]));
    port.Set("shape", write_shape(env, ports[i].shape));
    list.Set(i, port);
  }
  return list;
}

}  // namespace

void OnnxBinding::define(Napi::Env env) {
  BindingClass::define(env, "NativeOnnx",
                       {Accessor<&OnnxBinding::inputs>("inputs"), Accessor<&OnnxBinding::outputs>("outputs"),
                        InstanceMethod<&OnnxBinding::run>("run"), InstanceMethod<&OnnxBinding::release>("release")});
}

OnnxBinding::OnnxBinding(const Napi::CallbackInfo& info) : BindingClass(info) {
  OnnxPayload payload = take(info);
  device_ = Napi::Persistent(payload.device);
  session_ = std::move(payload.session);
}

Napi::Promise OnnxBinding::load(Napi::Env env, Napi::Object device_object, Device& device, std::string library,
                                std::string path, std::vector<uint8_t> bytes, int threads) {
  auto job = std::make_shared<LoadJob>(std::move(library), std::move(path), std::move(bytes), threads);
  return Job::start(env, *device.executor(), std::move(job), {device_object});
}

OnnxSession& OnnxBinding::loaded(Napi::Env env) const {
  if (!session_) throw js_error(env, "ERR_DISPOSED", "The model was released");
  return *session_;
}

Napi::Value OnnxBinding::inputs(const Napi::CallbackInfo& info) {
  return write_ports(info.Env(), loaded(info.Env()).inputs());
}

Napi::Value OnnxBinding::outputs(const Napi::CallbackInfo& info) {
  return write_ports(info.Env(), loaded(info.Env()).outputs());
}

Napi::Value OnnxBinding::run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    loaded(env);
    const Napi::Object device_object = device_.Value();
    DeviceBinding* owner = DeviceBinding::from(device_object);
    if (owner == nullptr || owner->device().closed()) throw closed_error(env);
    std::vector<HostTensor> feeds = read_host_tensors(Field(info[0], "feeds", "ERR_INVALID_ARG"));
    // Reading ran the user's getters, and one of them may have released the model or closed the device.
    auto job = std::make_shared<FeedJob>(loaded(env).call(), std::move(feeds));
    return Job::start(env, *owner->device().executor(), std::move(job), {device_object});
  } catch (...) {
    return rejected(env, current_js_error(env));
  }
}

}  // namespace ds
