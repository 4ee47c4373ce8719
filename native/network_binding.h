// NativeNetwork: networks that the engine evaluates itself.
#pragma once

#include <memory>
#include <vector>

#include "binding_class.h"
#include "device.h"
#include "js_field.h"
#include "nets/gaussian_mixture.h"
#include "onnx/onnx_session.h"

namespace ds {

class MixtureBinding final : public BindingClass<MixtureBinding, MixturePtr, Environment::kMixtureClass> {
 public:
  static void define(Napi::Env env);
  explicit MixtureBinding(const Napi::CallbackInfo& info) : BindingClass(info), mixture_(take(info)) {}

  // Null after release().
  const MixturePtr& mixture() const { return mixture_; }

 private:
  void release(const Napi::CallbackInfo&) { mixture_.reset(); }

  MixturePtr mixture_;
};

struct OnnxPayload {
  Napi::Object device;
  std::shared_ptr<OnnxSession> session;
};

class OnnxBinding final : public BindingClass<OnnxBinding, OnnxPayload, Environment::kOnnxClass> {
 public:
  static void define(Napi::Env env);
  explicit OnnxBinding(const Napi::CallbackInfo& info);

  // The promise of a NativeOnnx.
  static Napi::Promise load(Napi::Env env, Napi::Object device_object, Device& device, std::string library,
                            std::string path, std::vector<uint8_t> bytes, int threads);
  // Null after release().
  const std::shared_ptr<OnnxSession>& session() const { return session_; }

 private:
  OnnxSession& loaded(Napi::Env env) const;
  Napi::Value inputs(const Napi::CallbackInfo& info);
  Napi::Value outputs(const Napi::CallbackInfo& info);
  Napi::Value run(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo&) { session_.reset(); }

  Napi::ObjectReference device_;
  std::shared_ptr<OnnxSession> session_;
};

}  // namespace ds
