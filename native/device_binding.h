// NativeDevice: what JavaScript opens, and what everything else is made by.
#pragma once

#include <memory>

#include "binding_class.h"
#include "device.h"

namespace ds {

class DeviceBinding final : public BindingClass<DeviceBinding, std::unique_ptr<Device>, Environment::kDeviceClass> {
 public:
  static void define(Napi::Env env);
  explicit DeviceBinding(const Napi::CallbackInfo& info);

  Device& device() { return *device_; }

 private:
  Device& open_device(Napi::Env env);
  Napi::Value kind(const Napi::CallbackInfo& info);
  Napi::Value name(const Napi::CallbackInfo& info);
  Napi::Value lanes(const Napi::CallbackInfo& info);
  Napi::Value threads(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  Napi::Value work(const Napi::CallbackInfo& info);
  Napi::Value upload(const Napi::CallbackInfo& info);
  Napi::Value start_run(const Napi::CallbackInfo& info);
  Napi::Value mixture(const Napi::CallbackInfo& info);
  Napi::Value onnx(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::unique_ptr<Device> device_;
};

}  // namespace ds
