// NativeRun: a run's handlers in JavaScript, and the messages that reach them.
#pragma once

#include <memory>
#include <vector>

#include "binding_class.h"
#include "device.h"
#include "run.h"
#include "run_pending.h"

namespace ds {

// By its number only: what a run holds must not wait for the garbage collector.
class RunBinding final : public BindingClass<RunBinding, uint64_t, Environment::kRunClass> {
 public:
  static void define(Napi::Env env);
  explicit RunBinding(const Napi::CallbackInfo& info) : BindingClass(info), id_(take(info)) {}

  // Starts a run; `device` is the NativeDevice, `functions` its RunHandlers, `arrays` those of JavaScript's that hold
  // the `starts` without a keeper: they are detached once they have been read.
  static Napi::Value start(Napi::Env env, Napi::Object device_object, Device& device, std::unique_ptr<StepLoop> loop,
                           std::vector<RunStart> starts, const std::vector<Napi::Float32Array>& arrays,
                           const RunFunctions& functions);

 private:
  Napi::Value steps(const Napi::CallbackInfo& info);
  void report(const Napi::CallbackInfo& info);
  void resume(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);

  const uint64_t id_;
};

}  // namespace ds
