// A build without CUDA support says so in the same form.
#include "cuda_report.h"

#include "../cuda/cuda_devices.h"
#include "js_error.h"

namespace ds {

Napi::Value report_cuda(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    const CudaState state = cuda_state();
    Napi::Array devices = Napi::Array::New(env);
    for (const CudaDeviceInfo& each : state.devices) {
      Napi::Object device = Napi::Object::New(env);
      device.Set("ordinal", each.ordinal);
      device.Set("name", each.name);
      device.Set("totalBytes", static_cast<double>(each.total_bytes));
      device.Set("computeCapability", each.compute_capability);
      devices.Set(devices.Length(), device);
    }
    Napi::Object report = Napi::Object::New(env);
    report.Set("built", Napi::Boolean::New(env, state.built));
    report.Set("code", state.code);
    report.Set("reason", state.problem.reason);
    report.Set("remedy", state.problem.remedy);
    report.Set("driverVersion", state.driver_version);
    report.Set("runtimeVersion", state.runtime_version);
    report.Set("devices", devices);
    return Napi::Value(report);
  });
}

}  // namespace ds
