// JavaScript's garbage collector hears of the memory's size when it is taken and when it is given back.
#include "tensor_binding.h"

#include "device_binding.h"
#include "job.h"

namespace ds {
namespace {

class ReadJob final : public Job {
 public:
  ReadJob(Device& device, std::shared_ptr<TensorData> data, float* to)
      : device_(device), data_(std::move(data)), to_(to) {}

 protected:
  void work() override {
    device_.read(*data_, to_);
    data_.reset();
  }
  Napi::Value answer(Napi::Env, Napi::Array kept) override { return kept.Get(0u); }

 private:
  Device& device_;  // outlives the job: it ends its tasks before it goes
  std::shared_ptr<TensorData> data_;
  float* to_;
};

}  // namespace

void TensorBinding::define(Napi::Env env) {
  BindingClass::define(
      env, "NativeTensor",
      {InstanceAccessor<&TensorBinding::byte_length>("byteLength"), InstanceMethod<&TensorBinding::read>("read"),
       InstanceMethod<&TensorBinding::release>("release")});
}

TensorBinding::TensorBinding(const Napi::CallbackInfo& info) : BindingClass(info) {
  TensorPayload payload = take(info);
  device_ = Napi::Persistent(payload.device);
  data_ = std::move(payload.data);
  bytes_ = static_cast<int64_t>(data_->count * sizeof(float));
  int64_t total = 0;
  napi_adjust_external_memory(info.Env(), bytes_, &total);
}

TensorBinding::~TensorBinding() { let_go(); }

void TensorBinding::let_go() noexcept {
  if (!data_) return;
  data_.reset();
  int64_t total = 0;
  napi_adjust_external_memory(Env(), -bytes_, &total);
}

Napi::Value TensorBinding::byte_length(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(bytes_));
}

Napi::Value TensorBinding::read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    if (!data_) throw js_error(env, "ERR_DISPOSED", "The tensor was released");
    DeviceBinding* owner = DeviceBinding::from(device_.Value());
    if (owner == nullptr || owner->device().closed()) throw closed_error(env);
    Napi::Value array = Environment::of(env).new_array(env, napi_float32_array, data_->count);
    Napi::Array kept = Napi::Array::New(env);
    kept.Set(0u, array);
    kept.Set(1u, device_.Value());
    auto job = std::make_shared<ReadJob>(owner->device(), data_, array.As<Napi::Float32Array>().Data());
    return Job::start(env, owner->device().executor(), std::move(job), kept);
  } catch (...) {
    return rejected(env, current_js_error(env));
  }
}

void TensorBinding::release(const Napi::CallbackInfo&) { let_go(); }

}  // namespace ds
