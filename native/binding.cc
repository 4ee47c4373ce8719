// The addon's exports: see NativeAddon in src/native.ts.
#include <napi.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "cpu/cpu_features.h"
#include "cpu/float_mode.h"
#include "cuda_report.h"
#include "device_binding.h"
#include "network_binding.h"
#include "run_binding.h"
#include "tensor_binding.h"

#ifndef DS_COMPILER
#define DS_COMPILER "unknown"
#endif
#ifndef DS_CUDA_ARCHITECTURES
#define DS_CUDA_ARCHITECTURES ""
#endif

namespace ds {
namespace {

#if DS_WITH_CUDA
constexpr bool kWithCuda = true;
#else
constexpr bool kWithCuda = false;
#endif
constexpr int64_t kMaxSafe = (int64_t{1} << 53) - 1;
constexpr int64_t kMaxUint32 = 0xffffffff;

Field argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  return Field(info[index], name, "ERR_INVALID_ARG");
}

const LaneTable& read_lanes(const Field& field) {
  const LaneTable* lanes = find_lanes(field.text());
  if (lanes == nullptr) field.refuse("the name of lanes that this processor has");
  return *lanes;
}

Napi::Value open_device(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Environment::of(info.Env()).require_open(info.Env());
    const Field kind = argument(info, 0, "kind");
    const std::string name = kind.text();
    if (name != "cpu" && name != "cuda") kind.refuse("'cpu' or 'cuda'");
    const auto ordinal = static_cast<int>(argument(info, 1, "ordinal").integer(0, 1023));
    const auto threads = static_cast<int>(argument(info, 2, "threads").integer(1, 1024));
    if (name == "cpu") {
      const Field lanes = argument(info, 3, "lanes");
      return Napi::Value(DeviceBinding::make(info.Env(), Device::open_cpu(threads, read_lanes(lanes).name)));
    }
    return Napi::Value(DeviceBinding::make(info.Env(), Device::open_cuda(ordinal)));
  });
}

void shut_down(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    Environment& environment = Environment::of(info.Env());
    environment.stop_all();
    environment.take_back_loans();
  });
}

Napi::Value normals(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const LaneTable& lanes = read_lanes(argument(info, 0, "lanes"));
    bool exact = false;
    if (!info[1].IsBigInt()) argument(info, 1, "seed").refuse("a bigint");
    const uint64_t seed = info[1].As<Napi::BigInt>().Uint64Value(&exact);
    if (!exact) argument(info, 1, "seed").refuse("a bigint of 64 bits without sign");
    const auto stream = static_cast<uint32_t>(argument(info, 2, "stream").integer(0, kMaxUint32));
    const auto draw = static_cast<uint32_t>(argument(info, 3, "draw").integer(0, kMaxUint32));
    const auto first = static_cast<uint64_t>(argument(info, 4, "first").integer(0, kMaxSafe));
    const auto count = static_cast<size_t>(argument(info, 5, "count").integer(0, int64_t{1} << 32));
    Napi::Value array = Environment::of(info.Env()).new_array(info.Env(), napi_float32_array, count);
    const FloatMode mode;
    if (count > 0) lanes.normals(seed, stream, draw, first, count, array.As<Napi::Float32Array>().Data());
    return array;
  });
}

Napi::Value philox(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const LaneTable& lanes = read_lanes(argument(info, 0, "lanes"));
    const auto counter = argument(info, 1, "counter").array<uint32_t>();
    if (counter.size() != 4) argument(info, 1, "counter").refuse("4 words");
    const auto key = argument(info, 2, "key").array<uint32_t>();
    if (key.size() != 2) argument(info, 2, "key").refuse("2 words");
    Napi::Uint32Array out = Napi::Uint32Array::New(info.Env(), 4);
    lanes.philox(counter.data(), key.data(), out.Data());
    return Napi::Value(out);
  });
}

Napi::Value normal_range(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const LaneTable& lanes = read_lanes(argument(info, 0, "lanes"));
    const auto first = static_cast<uint32_t>(argument(info, 1, "first").integer(0, kMaxUint32));
    const auto count = static_cast<uint64_t>(argument(info, 2, "count").integer(0, int64_t{1} << 32));
    NormalRange range{};
    {
      const FloatMode mode;
      range = lanes.normal_range(first, count);
    }
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("bad", static_cast<double>(range.bad));
    object.Set("maxRadius", static_cast<double>(range.max_radius));
    object.Set("maxUnit", static_cast<double>(range.max_unit));
    return Napi::Value(object);
  });
}

Napi::Object build_info(Napi::Env env) {
  Napi::Object build = Napi::Object::New(env);
  build.Set("compiler", DS_COMPILER);
  build.Set("cuda", Napi::Boolean::New(env, kWithCuda));
  build.Set("cudaArchitectures", DS_CUDA_ARCHITECTURES);
  return build;
}

Napi::Object cpu_info(Napi::Env env) {
  Napi::Array lanes = Napi::Array::New(env);
  for (const LaneTable* each : available_lanes()) lanes.Set(lanes.Length(), each->name);
  Napi::Object cpu = Napi::Object::New(env);
  cpu.Set("lanes", lanes);
  cpu.Set("cores", std::max(1u, std::thread::hardware_concurrency()));
  return cpu;
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  auto environment = std::make_unique<Environment>(env);
  env.SetInstanceData(environment.release());
  DeviceBinding::define(env);
  TensorBinding::define(env);
  RunBinding::define(env);
  MixtureBinding::define(env);
  OnnxBinding::define(env);
  exports.Set("build", build_info(env));
  exports.Set("cpu", cpu_info(env));
  exports.Set("cuda", Napi::Function::New<report_cuda>(env, "cuda"));
  exports.Set("openDevice", Napi::Function::New<open_device>(env, "openDevice"));
  exports.Set("shutDown", Napi::Function::New<shut_down>(env, "shutDown"));
  exports.Set("normals", Napi::Function::New<normals>(env, "normals"));
  exports.Set("philox", Napi::Function::New<philox>(env, "philox"));
  exports.Set("normalRange", Napi::Function::New<normal_range>(env, "normalRange"));
  return exports;
}

}  // namespace
}  // namespace ds

static Napi::Object initialise_addon(Napi::Env env, Napi::Object exports) {
  return ds::guarded(env, [&] { return ds::initialise(env, exports); });
}

NODE_API_MODULE(diffusion_samplers, initialise_addon)
