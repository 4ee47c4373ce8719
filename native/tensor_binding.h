// NativeTensor: device memory that JavaScript owns.
#pragma once

#include <memory>

#include "binding_class.h"
#include "device.h"
#include "memory_view.h"
#include "tensor.h"

namespace ds {

struct TensorPayload {
  Napi::Object device;
  std::shared_ptr<TensorData> data;
};

class TensorBinding final : public BindingClass<TensorBinding, TensorPayload, Environment::kTensorClass> {
 public:
  static void define(Napi::Env env);
  explicit TensorBinding(const Napi::CallbackInfo& info);
  ~TensorBinding() override;

  // Null after release().
  const std::shared_ptr<TensorData>& data() const { return data_; }
  // Gives the memory back. JavaScript must have no view of it.
  void let_go() noexcept;

 private:
  Napi::Value byte_length(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo& info);

  // Keeps the device open: a result must stay readable when nothing else refers to the device.
  Napi::ObjectReference device_;
  std::shared_ptr<TensorData> data_;
  int64_t bytes_ = 0;
  MemoryView view_;
};

}  // namespace ds
