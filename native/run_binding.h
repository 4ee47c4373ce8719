// NativeRun: a run's handlers in JavaScript, and the messages that reach them.
#pragma once

#include <memory>
#include <vector>

#include "binding_class.h"
#include "device.h"
#include "run.h"
#include "run_pending.h"

namespace ds {

struct RunPayload {
  std::shared_ptr<Run> run;
  uint64_t id;
};

class RunBinding final : public BindingClass<RunBinding, RunPayload, Environment::kRunClass> {
 public:
  static void define(Napi::Env env);
  explicit RunBinding(const Napi::CallbackInfo& info);

  // Starts a run; `device` is the NativeDevice, `functions` its RunHandlers.
  static Napi::Value start(Napi::Env env, Napi::Object device_object, Device& device, std::unique_ptr<StepLoop> loop,
                           std::vector<std::shared_ptr<TensorData>> starts, const RunFunctions& functions);

 private:
  void resume(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);

  std::shared_ptr<Run> run_;
  uint64_t id_ = 0;
};

}  // namespace ds
