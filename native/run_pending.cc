// Arrays lent to a JavaScript network are its own memory, never the engine's, so that a late write harms nobody.
#include "run_pending.h"

#include <cstring>
#include <string>
#include <utility>

#include "js_error.h"
#include "tensor_binding.h"

namespace ds {
namespace {

Napi::Reference<Napi::Float32Array> lent_array(Environment& environment, Napi::Env env, size_t length) {
  return Napi::Reference<Napi::Float32Array>::New(
      environment.new_array(env, napi_float32_array, length).As<Napi::Float32Array>(), 1);
}

// Null when the array's memory was taken away or resized.
float* lent_data(const Napi::Reference<Napi::Float32Array>& reference, size_t length) {
  const Napi::Float32Array array = reference.Value();
  napi_typedarray_type type = napi_int8_array;
  size_t count = 0, offset = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  bool detached = true;
  if (napi_get_typedarray_info(array.Env(), array, &type, &count, &data, &buffer, &offset) != napi_ok ||
      napi_is_detached_arraybuffer(array.Env(), buffer, &detached) != napi_ok) {
    return nullptr;
  }
  return detached || type != napi_float32_array || count != length ? nullptr : static_cast<float*>(data);
}

}  // namespace

PendingRun::PendingRun(Napi::Object device, const Device* owner, size_t values, bool previews,
                       const RunFunctions& functions)
    : device_(Napi::Persistent(device)),
      receiver_(Napi::Persistent(functions.receiver)),
      network_(Napi::Persistent(functions.network)),
      progress_(Napi::Persistent(functions.progress)),
      done_(Napi::Persistent(functions.done)),
      owner_(owner),
      values_(values),
      previews_(previews) {}

void PendingRun::lend(Environment& environment, Napi::Env env, const DueCall& call) {
  lent_.x = lent_array(environment, env, call.values);
  lent_.t = lent_array(environment, env, call.rows);
  if (call.second_time) lent_.r = lent_array(environment, env, call.rows);
  lent_.out = lent_array(environment, env, call.values);
  float* r = call.second_time ? lent_data(lent_.r, call.rows) : nullptr;
  lent_.active = run_->take_input(lent_data(lent_.x, call.values), lent_data(lent_.t, call.rows), r);
}

void PendingRun::call_network(Environment& environment, Napi::Env env) {
  DueCall call;
  if (!run_->due(&call)) return;
  // The handler may end the run and with it this object; the run is then still needed for fail().
  const std::shared_ptr<Run> run = run_;
  try {
    lend(environment, env, call);
    if (!lent_.active) return;
    environment.rest(*this);
    const Napi::Value r = call.second_time ? Napi::Value(lent_.r.Value()) : env.Null();
    network_.Value().Call(receiver_.Value(), {Napi::Number::New(env, call.evaluator), lent_.x.Value(), lent_.t.Value(),
                                              r, lent_.out.Value()});
  } catch (const Napi::Error& error) {
    environment.wake_all();
    run->fail(FailureCode::kInternal, ("The network handler threw: " + error.Message()).c_str());
  } catch (...) {
    const FailureReport failure = report_current();
    environment.wake_all();
    run->fail(failure.code, failure.message.c_str());
  }
}

void PendingRun::call_progress(Environment& environment, Napi::Env env, uint32_t steps,
                               const std::vector<float>& preview) {
  Napi::Value values = env.Null();
  if (previews_) {
    try {
      values = environment.new_array(env, napi_float32_array, preview.size());
    } catch (const Failure& failure) {
      run_->fail(failure.code, failure.what());
      return;
    }
    if (!preview.empty()) {
      std::memcpy(values.As<Napi::Float32Array>().Data(), preview.data(), preview.size() * sizeof(float));
    }
  } else {
    steps = run_->steps();
  }
  if (steps == told_steps_) return;
  told_steps_ = steps;
  progress_.Value().Call(receiver_.Value(), {Napi::Number::New(env, steps), values});
}

void PendingRun::call_done(Napi::Env env, RunEnd end) {
  // An array that is still lent here may be in the hands of a network that computes on another thread.
  detach(Memory::kKeep);
  Napi::Value failure = env.Null(), results = env.Null();
  if (!end.failed) {
    Napi::Array tensors = Napi::Array::New(env);
    try {
      for (size_t i = 0; i < end.results.size(); ++i) {
        auto data = std::make_shared<TensorData>(owner_, std::move(end.results[i]), values_);
        tensors.Set(static_cast<uint32_t>(i), TensorBinding::make(env, {device_.Value(), std::move(data)}));
      }
      results = tensors;
    } catch (...) {
      end.failed = true;
      end.failure = report_current();
      // Nobody has seen those that were made, and their memory must not wait for the garbage collector.
      for (uint32_t i = 0; i < tensors.Length(); ++i) {
        if (TensorBinding* tensor = TensorBinding::from(tensors.Get(i))) tensor->let_go();
      }
    }
  }
  if (end.failed) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("code", code_name(end.failure.code));
    object.Set("message", end.failure.message);
    object.Set("step", static_cast<double>(end.failure.step));
    object.Set("row", static_cast<double>(end.failure.row));
    object.Set("evaluator", end.failure.evaluator);
    failure = object;
  }
  done_.Value().Call(receiver_.Value(), {failure, results, Napi::Number::New(env, steps())});
}

void PendingRun::let_arrays_go() noexcept {
  for (Napi::Reference<Napi::Float32Array>& each : kept_) detach_array(each, Memory::kFree);
  kept_.clear();
}

void PendingRun::cancel(Environment& environment) noexcept {
  environment.wake(*this);
  run_->cancel();
}

void PendingRun::resume(Environment& environment) {
  if (!lent_.active) return;
  environment.wake(*this);
  const float* out = lent_data(lent_.out, values_);
  if (out == nullptr) {
    run_->fail(FailureCode::kInternal, "The network detached or resized `out` before it resumed the run");
  } else {
    run_->answer(out);
  }
  detach(Memory::kFree);
}

void PendingRun::detach_array(Napi::Reference<Napi::Float32Array>& reference, Memory memory) noexcept {
  try {
    if (reference.IsEmpty()) return;
    const Napi::Env env = reference.Env();
    const Napi::HandleScope scope(env);
    const Napi::Float32Array array = reference.Value();
    napi_value buffer = nullptr;
    bool detached = true;
    if (napi_get_typedarray_info(env, array, nullptr, nullptr, nullptr, &buffer, nullptr) == napi_ok &&
        napi_is_detached_arraybuffer(env, buffer, &detached) == napi_ok && !detached) {
      if (memory == Memory::kKeep) {
        Environment::of(env).detach_keeping_memory(env, Napi::ArrayBuffer(env, buffer));
      } else {
        // Refused for a buffer that is not detachable, which then stays with the user.
        napi_detach_arraybuffer(env, buffer);
      }
    }
    reference.Reset();
  } catch (...) {
    // Terminating: the arrays go with their environment.
  }
}

void PendingRun::detach(Memory memory) noexcept {
  lent_.active = false;
  for (Napi::Reference<Napi::Float32Array>* each : {&lent_.x, &lent_.t, &lent_.r, &lent_.out}) {
    detach_array(*each, memory);
  }
}

}  // namespace ds
