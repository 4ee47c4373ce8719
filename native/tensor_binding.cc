// JavaScript's garbage collector hears of the memory's size when it is taken and when it is given back.
#include "tensor_binding.h"

#include <cstring>
#include <mutex>

#include "device_binding.h"
#include "job.h"

namespace ds {
namespace {

class ReadJob final : public Job {
 public:
  ReadJob(std::shared_ptr<Transfer> transfer, std::shared_ptr<TensorData> data, float* to)
      : transfer_(std::move(transfer)), data_(std::move(data)), to_(to) {}
  void abandon() noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    to_ = nullptr;
  }

 protected:
  void work() override {
    // Nothing is held any more when the end is told, however it came.
    const std::shared_ptr<Transfer> transfer = std::move(transfer_);
    const std::shared_ptr<TensorData> data = std::move(data_);
    transfer->read(*data, [this](size_t at, const float* values, size_t count) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (to_ != nullptr) std::memcpy(to_ + at, values, count * sizeof(float));
      return to_ != nullptr;
    });
  }
  Napi::Value answer(Napi::Env, const Kept& kept) override { return kept.front().Value(); }

 private:
  std::shared_ptr<Transfer> transfer_;
  std::shared_ptr<TensorData> data_;
  std::mutex mutex_;
  float* to_;  // the array's memory, null once the array may be gone
};

}  // namespace

void TensorBinding::define(Napi::Env env) {
  BindingClass::define(
      env, "NativeTensor",
      {Accessor<&TensorBinding::byte_length>("byteLength"), InstanceMethod<&TensorBinding::read>("read"),
       InstanceMethod<&TensorBinding::view>("view"), InstanceMethod<&TensorBinding::release>("release")});
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
    Device& device = owner->device();
    auto job = std::make_shared<ReadJob>(device.transfer(), data_, array.As<Napi::Float32Array>().Data());
    return Job::start(env, *device.executor(), std::move(job), {array.As<Napi::Object>(), device_.Value()});
  } catch (...) {
    return rejected(env, current_js_error(env));
  }
}

Napi::Value TensorBinding::view(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    if (!data_) throw js_error(env, "ERR_DISPOSED", "The tensor was released");
    DeviceBinding* owner = DeviceBinding::from(device_.Value());
    if (owner == nullptr || owner->device().closed()) throw closed_error(env);
    if (!owner->device().transfer()->host_memory()) {
      throw js_error(env, "ERR_NOT_IN_HOST_MEMORY", "The tensor is not in host memory");
    }
    return Napi::Value(Napi::Float32Array::New(env, data_->count, view_.buffer(env, data_), 0));
  });
}

void TensorBinding::release(const Napi::CallbackInfo& info) {
  view_.detach(info.Env());
  let_go();
}

}  // namespace ds
