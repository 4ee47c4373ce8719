// Reads arguments, asks the device, wraps what comes back.
#include "device_binding.h"

#include <utility>

#include "evaluator_reader.h"
#include "job.h"
#include "network_binding.h"
#include "plan_reader.h"
#include "run_binding.h"
#include "tensor_binding.h"

namespace ds {
namespace {

constexpr const char* kInvalidArg = "ERR_INVALID_ARG";
constexpr int64_t kMaxThreads = 1024;
constexpr int64_t kMaxSlot = (int64_t{1} << 16) - 1;

RunStart start_in(std::shared_ptr<TensorData> tensor) {
  const auto* values = static_cast<const float*>(tensor->buffer->data());
  return {values, std::move(tensor)};
}

// What is an array of JavaScript's comes without a keeper, and is added to `arrays`.
RunStart read_start(const Field& start, Device& device, const Plan& plan, std::vector<Napi::Float32Array>* arrays) {
  const size_t wanted = static_cast<size_t>(plan.rows) * static_cast<size_t>(plan.elements);
  const auto expect_count = [&](size_t count) {
    if (count != wanted) {
      throw js_type_error(start.value().Env(), kInvalidPlan,
                          "Expected rows x elements = " + std::to_string(wanted) + " values for " + start.path() +
                              " but received " + std::to_string(count));
    }
  };
  if (TensorBinding* tensor = TensorBinding::from(start.value())) {
    if (!tensor->data()) throw js_error(start.value().Env(), "ERR_DISPOSED", "The tensor was released");
    if (tensor->data()->device != &device) start.refuse("a tensor of this device");
    expect_count(tensor->data()->count);
    return start_in(tensor->data());
  }
  // Reading the plan ran the user's getters, and one of them may have closed the device.
  if (device.closed()) throw closed_error(start.value().Env());
  if (!start.value().IsTypedArray()) start.refuse("a Float32Array or a tensor");
  size_t count = 0;
  const float* data = start.floats(&count);
  expect_count(count);
  if (!device.transfer()->host_memory()) return start_in(device.upload(data, count));
  arrays->push_back(start.value().As<Napi::Float32Array>());
  return {data, nullptr};
}

GaussianMixture read_mixture(const Field& spec) {
  GaussianMixture mixture{};
  const Field kind = spec.get("kind");
  const std::string name = kind.text();
  if (name != "sit" && name != "edm") kind.refuse("'sit' or 'edm'");
  mixture.kind = name == "sit" ? MixtureKind::kSit : MixtureKind::kEdm;
  mixture.sigma_data = spec.get("sigmaData").number();
  mixture.weights = spec.get("weights").array<float>();
  mixture.means = spec.get("means").array<float>();
  mixture.deviations = spec.get("deviations").array<float>();
  const Field classes = spec.get("classes");
  if (!classes.is_null()) {
    mixture.classes = classes.array<int32_t>();
    if (mixture.classes.empty()) classes.refuse("a class for each component, or null,");
  }
  return mixture;
}

}  // namespace

void DeviceBinding::define(Napi::Env env) {
  BindingClass::define(
      env, "NativeDevice",
      {Accessor<&DeviceBinding::kind>("kind"), Accessor<&DeviceBinding::name>("name"),
       Accessor<&DeviceBinding::lanes>("lanes"), Accessor<&DeviceBinding::threads>("threads"),
       InstanceMethod<&DeviceBinding::memory>("memory"), InstanceMethod<&DeviceBinding::work>("work"),
       InstanceMethod<&DeviceBinding::upload>("upload"), InstanceMethod<&DeviceBinding::start_run>("startRun"),
       InstanceMethod<&DeviceBinding::mixture>("mixture"), InstanceMethod<&DeviceBinding::onnx>("onnx"),
       InstanceMethod<&DeviceBinding::close>("close")});
}

DeviceBinding::DeviceBinding(const Napi::CallbackInfo& info) : BindingClass(info), device_(take(info)) {
  guarded(info.Env(), [&] { Environment::of(info.Env()).watch(device_->executor()); });
}

Device& DeviceBinding::open_device(Napi::Env env) {
  if (device_->closed()) throw closed_error(env);
  return *device_;
}

Napi::Value DeviceBinding::kind(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), device_->kind());
}

Napi::Value DeviceBinding::name(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), device_->name());
}

Napi::Value DeviceBinding::lanes(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), device_->lanes());
}

Napi::Value DeviceBinding::threads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), device_->threads());
}

Napi::Value DeviceBinding::memory(const Napi::CallbackInfo& info) {
  const MemoryUse use = device_->memory();
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("liveBytes", static_cast<double>(use.live_bytes));
  object.Set("peakBytes", static_cast<double>(use.peak_bytes));
  return object;
}

Napi::Value DeviceBinding::work(const Napi::CallbackInfo& info) {
  const WorkCount& count = *device_->work();
  Napi::Object object = Napi::Object::New(info.Env());
  const auto set = [&](const char* name, double value) { object.Set(name, value); };
  set("runsStarted", static_cast<double>(count.runs_started));
  set("runsFinished", static_cast<double>(count.runs_finished));
  set("runsFailed", static_cast<double>(count.runs_failed));
  set("steps", static_cast<double>(count.steps));
  set("evaluations", static_cast<double>(count.evaluations));
  set("networkSeconds", static_cast<double>(count.network_ns) * 1e-9);
  set("combineSeconds", static_cast<double>(count.combine_ns) * 1e-9);
  set("waitingSeconds", static_cast<double>(count.waiting_ns) * 1e-9);
  return object;
}

Napi::Value DeviceBinding::upload(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Device& device = open_device(info.Env());
    size_t count = 0;
    const float* data = Field(info[0], "data", kInvalidArg).floats(&count);
    return Napi::Value(TensorBinding::make(info.Env(), {info.This().As<Napi::Object>(), device.upload(data, count)}));
  });
}

Napi::Value DeviceBinding::start_run(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Device& device = open_device(info.Env());
    const Field field(info[0], "plan", kInvalidPlan);
    const Field handlers(info[2], "handlers", kInvalidArg);
    // Read once: a getter that runs between two stages could end the run under the hands of who calls it.
    const RunFunctions functions{handlers.object(), handlers.get("network").function(),
                                 handlers.get("progress").function(), handlers.get("done").function()};
    const Field given(info[1], "starts", kInvalidPlan);
    const uint32_t start_count = given.length();
    std::vector<uint32_t> slots;
    for (uint32_t i = 0; i < start_count; ++i) {
      slots.push_back(static_cast<uint32_t>(given.at(i).get("slot").integer(0, kMaxSlot)));
    }
    Plan plan = read_plan(field, std::move(slots));
    auto evaluators = read_evaluators(field.get("evaluators"), plan);
    std::vector<Field> values;
    for (uint32_t i = 0; i < start_count; ++i) values.push_back(given.at(i).get("data"));
    // From here on no getter runs, which could take away what has been read.
    std::vector<RunStart> starts;
    std::vector<Napi::Float32Array> arrays;
    for (const Field& each : values) starts.push_back(read_start(each, device, plan, &arrays));
    auto loop =
        std::make_unique<StepLoop>(open_device(info.Env()).make_backend(), std::move(plan), std::move(evaluators));
    return RunBinding::start(info.Env(), info.This().As<Napi::Object>(), device, std::move(loop), std::move(starts),
                             arrays, functions);
  });
}

Napi::Value DeviceBinding::mixture(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    open_device(info.Env());
    const Field spec(info[0], "mixture", kInvalidArg);
    return Napi::Value(MixtureBinding::make(info.Env(), make_gaussian_mixture(read_mixture(spec))));
  });
}

Napi::Value DeviceBinding::onnx(const Napi::CallbackInfo& info) {
  try {
    Device& device = open_device(info.Env());
    const Field model(info[1], "model", kInvalidArg);
    std::string path;
    std::vector<uint8_t> bytes;
    if (model.value().IsString()) {
      path = model.text();
    } else {
      bytes = model.array<uint8_t>();
      if (bytes.empty()) model.refuse("a path or the bytes of a model");
    }
    const int threads = static_cast<int>(Field(info[2], "threads", kInvalidArg).integer(1, kMaxThreads));
    return OnnxBinding::load(info.Env(), info.This().As<Napi::Object>(), device,
                             Field(info[0], "library", kInvalidArg).text(), std::move(path), std::move(bytes), threads);
  } catch (...) {
    return rejected(info.Env(), current_js_error(info.Env()));
  }
}

void DeviceBinding::close(const Napi::CallbackInfo& info) {
  // Runs that wait for JavaScript end now, and have to say so.
  if (!device_->closed()) Environment::of(info.Env()).wake_all();
  device_->close();
}

}  // namespace ds
