// cuda_sim.node: the simulated device as tests in JavaScript ask and tell it.
#include <napi.h>

#include "include/cuda_sim.h"

namespace {

using Napi::CallbackInfo;
using Napi::Value;

template <class Each>
Napi::Array list(Napi::Env env, const std::vector<Each>& from) {
  Napi::Array array = Napi::Array::New(env, from.size());
  for (uint32_t i = 0; i < from.size(); ++i) array.Set(i, Value::From(env, from[i]));
  return array;
}

double number(const CallbackInfo& info, size_t at, const char* name) {
  if (!info[at].IsNumber()) throw Napi::TypeError::New(info.Env(), std::string("expected a number for ") + name);
  return info[at].As<Napi::Number>().DoubleValue();
}

void require(const CallbackInfo& info, bool done) {
  if (done) return;
  std::string held;
  for (const std::string& leak : cuda_sim::leaks()) held += "\n  " + leak;
  throw Napi::Error::New(info.Env(), "the simulated device is still in use:" + held);
}

void seed(const CallbackInfo& info) { cuda_sim::seed(static_cast<uint64_t>(number(info, 0, "seed"))); }

// {width: bytes}
Napi::Object by_width(Napi::Env env, const std::map<int, uint64_t>& from) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [width, bytes] : from) object.Set(static_cast<uint32_t>(width), static_cast<double>(bytes));
  return object;
}

Value counts(const CallbackInfo& info) {
  const cuda_sim::Counts counts = cuda_sim::counts();
  Napi::Object by_name = Napi::Object::New(info.Env());
  for (const auto& [name, count] : counts.by_name) by_name.Set(name, static_cast<double>(count));
  Napi::Object answer = Napi::Object::New(info.Env());
  answer.Set("total", static_cast<double>(counts.total));
  answer.Set("byName", by_name);
  Napi::Object kernels = Napi::Object::New(info.Env());
  for (const auto& [name, done] : counts.kernels) {
    Napi::Object kernel = Napi::Object::New(info.Env());
    kernel.Set("launches", static_cast<double>(done.launches));
    kernel.Set("read", by_width(info.Env(), done.read));
    kernel.Set("written", by_width(info.Env(), done.written));
    kernels.Set(name, kernel);
  }
  answer.Set("kernels", kernels);
  Napi::Object ptx = Napi::Object::New(info.Env());
  ptx.Set("launches", static_cast<double>(counts.ptx.launches));
  ptx.Set("instructions", static_cast<double>(counts.ptx.instructions));
  answer.Set("ptx", ptx);
  return answer;
}

void reset_counts(const CallbackInfo&) { cuda_sim::reset_counts(); }

// {call?, n, error, sticky?}
void fail_at(const CallbackInfo& info) {
  const auto asked = info[0].As<Napi::Object>();
  cuda_sim::Failure failure;
  if (asked.Get("call").IsString()) failure.call = asked.Get("call").As<Napi::String>();
  failure.n = static_cast<uint64_t>(asked.Get("n").As<Napi::Number>().Int64Value());
  failure.error = asked.Get("error").As<Napi::Number>().Int32Value();
  failure.sticky = asked.Get("sticky").ToBoolean();
  if (failure.n < 1 || failure.error < 1) {
    throw Napi::RangeError::New(info.Env(), "expected an n of at least 1 and an error that is not 0");
  }
  cuda_sim::fail_at(failure);
}

Value clear_failure(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(cuda_sim::clear_failures()));
}

Value faults(const CallbackInfo& info) { return list(info.Env(), cuda_sim::faults()); }
void clear_faults(const CallbackInfo&) { cuda_sim::clear_faults(); }
Value leaks(const CallbackInfo& info) { return list(info.Env(), cuda_sim::leaks()); }
Value contexts(const CallbackInfo& info) { return list(info.Env(), cuda_sim::contexts()); }

Value live(const CallbackInfo& info) {
  const cuda_sim::Live live = cuda_sim::live();
  Napi::Object answer = Napi::Object::New(info.Env());
  const auto set = [&](const char* name, uint64_t value) { answer.Set(name, static_cast<double>(value)); };
  set("deviceBytes", live.device_bytes);
  set("allocations", live.allocations);
  set("pinnedBytes", live.pinned_bytes);
  set("pinned", live.pinned);
  set("streams", live.streams);
  set("events", live.events);
  set("pools", live.pools);
  set("graphs", live.graphs);
  set("graphExecs", live.graph_execs);
  set("reservedBytes", live.reserved_bytes);
  set("queued", live.queued);
  return answer;
}

// {devices?, memory?}
void configure(const CallbackInfo& info) {
  const auto asked = info[0].As<Napi::Object>();
  if (asked.Get("devices").IsNumber()) {
    require(info, cuda_sim::set_device_count(asked.Get("devices").As<Napi::Number>().Int32Value()));
  }
  if (asked.Get("memory").IsNumber()) {
    require(info, cuda_sim::set_memory(static_cast<uint64_t>(asked.Get("memory").As<Napi::Number>().Int64Value())));
  }
}

// {name: text}
void run_ptx(const CallbackInfo& info) {
  const auto asked = info[0].As<Napi::Object>();
  const Napi::Array names = asked.GetPropertyNames();
  std::map<std::string, std::string> texts;
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const Value name = names[i];
    texts[name.As<Napi::String>()] = asked.Get(name).As<Napi::String>().Utf8Value();
  }
  try {
    cuda_sim::run_ptx(texts);
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

// {force?}
void reset(const CallbackInfo& info) {
  const bool force = info[0].IsObject() && info[0].As<Napi::Object>().Get("force").ToBoolean();
  require(info, cuda_sim::reset(force));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("seed", Napi::Function::New<seed>(env, "seed"));
  exports.Set("counts", Napi::Function::New<counts>(env, "counts"));
  exports.Set("resetCounts", Napi::Function::New<reset_counts>(env, "resetCounts"));
  exports.Set("failAt", Napi::Function::New<fail_at>(env, "failAt"));
  exports.Set("clearFailure", Napi::Function::New<clear_failure>(env, "clearFailure"));
  exports.Set("faults", Napi::Function::New<faults>(env, "faults"));
  exports.Set("clearFaults", Napi::Function::New<clear_faults>(env, "clearFaults"));
  exports.Set("leaks", Napi::Function::New<leaks>(env, "leaks"));
  exports.Set("contexts", Napi::Function::New<contexts>(env, "contexts"));
  exports.Set("live", Napi::Function::New<live>(env, "live"));
  exports.Set("configure", Napi::Function::New<configure>(env, "configure"));
  exports.Set("runPtx", Napi::Function::New<run_ptx>(env, "runPtx"));
  exports.Set("reset", Napi::Function::New<reset>(env, "reset"));
  return exports;
}

NODE_API_MODULE(cuda_sim, init)

}  // namespace
