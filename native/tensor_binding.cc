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
    transfer_->read(*data_, [this](size_t at, const float* values, size_t count) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (to_ != nullptr) std::memcpy(to_ + at, values, count * sizeof(float));
      return to_ != nullptr;
    });
    data_.reset();
    transfer_.reset();
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
  if (!data_) throw js_error(env, "ERR_DISPOSED", "The tensor was released");
  DeviceBinding* owner = DeviceBinding::from(device_.Value());
  if (owner == nullptr || owner->device().closed()) throw closed_error(env);
  if (!owner->device().transfer()->host_memory()) {
    throw js_error(env, "ERR_NOT_IN_HOST_MEMORY", "The tensor is not in host memory");
  }
  Napi::Value buffer = view_.IsEmpty() ? Napi::Value() : view_.Value();
  const bool out = !buffer.IsEmpty() && !buffer.As<Napi::ArrayBuffer>().IsDetached();
  if (!out) buffer = lend_memory(env);
  return Napi::Float32Array::New(env, data_->count, buffer.As<Napi::ArrayBuffer>(), 0);
}

Napi::ArrayBuffer TensorBinding::lend_memory(Napi::Env env) {
  if (data_->count == 0) return Napi::ArrayBuffer::New(env, 0);
  auto loan = std::make_unique<Loan>(Loan{data_});
  const auto finalize = [](napi_env, void*, void* hint) { delete static_cast<Loan*>(hint); };
  napi_value buffer = nullptr;
  const napi_status made = napi_create_external_arraybuffer(env, data_->buffer->data(), static_cast<size_t>(bytes_),
                                                            finalize, loan.get(), &buffer);
  if (made == napi_no_external_buffers_allowed) {
    throw js_error(env, "ERR_NO_EXTERNAL_MEMORY", "This runtime allows no views of native memory");
  }
  if (made != napi_ok) throw Napi::Error::New(env);
  loan_ = loan.release();
  view_ = Napi::Weak(Napi::Value(env, buffer).As<Napi::ArrayBuffer>());
  return view_.Value();
}

// A buffer that JavaScript moved elsewhere is out of reach: its memory then stays until that one is collected.
void TensorBinding::detach_view() noexcept {
  if (view_.IsEmpty()) return;
  const Napi::HandleScope scope(Env());
  const Napi::Value buffer = view_.Value();
  if (buffer.IsEmpty()) return;
  bool moved = true;
  if (napi_is_detached_arraybuffer(Env(), buffer, &moved) != napi_ok || moved) return;
  if (napi_detach_arraybuffer(Env(), buffer) == napi_ok) loan_->data.reset();
}

void TensorBinding::release(const Napi::CallbackInfo&) {
  detach_view();
  let_go();
}

}  // namespace ds
