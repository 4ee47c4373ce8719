// NativeTensor: device memory that JavaScript owns.
#pragma once

#include <memory>

#include "binding_class.h"
#include "device.h"
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

 private:
  Napi::Value byte_length(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo& info);
  Napi::ArrayBuffer lend_memory(Napi::Env env);
  void detach_view() noexcept;
  void let_go() noexcept;

  // Keeps the device open: a result must stay readable when nothing else refers to the device.
  Napi::ObjectReference device_;
  std::shared_ptr<TensorData> data_;
  int64_t bytes_ = 0;

  // What keeps the memory for a view, also when this object is collected first; freed by the view's finalizer.
  struct Loan {
    std::shared_ptr<TensorData> data;
  };
  // The buffer of the view that is out, if any. Weak: who keeps no view need not keep its memory.
  Napi::Reference<Napi::ArrayBuffer> view_;
  Loan* loan_ = nullptr;  // valid as long as view_ has a value
};

}  // namespace ds
