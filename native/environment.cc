// The order is what keeps termination safe: thread-safe function, then clean-up hook, then (by devices) threads.
#include "environment.h"

#include <utility>

#include "device.h"
#include "js_error.h"

namespace ds {
namespace {

using Clock = std::chrono::steady_clock;

// Node runs up to a thousand calls of a thread-safe function in a row. With JavaScript networks there is always a next
// one, so timers and sockets would wait for seconds; after this long they get their turn.
constexpr std::chrono::milliseconds kTurn(4);

void answer_bell(napi_env raw_env, napi_value, void*, void*) {
  if (raw_env == nullptr) return;
  try {
    const Napi::Env env(raw_env);
    const Napi::HandleScope scope(env);
    Environment::of(env).turn(env);
  } catch (...) {
    // The environment is terminating.
  }
}

void deliver(std::unique_ptr<Message> message, Environment& environment, Napi::Env env) noexcept {
  try {
    const Napi::HandleScope scope(env);
    message->deliver(environment, env);
  } catch (...) {
    // A handler threw, or the environment is terminating; TypeScript catches its own errors.
  }
}

Napi::FunctionReference global_function(Napi::Env env, const char* name) {
  return Napi::Persistent(env.Global().Get(name).As<Napi::Function>());
}

}  // namespace

Environment::Environment(Napi::Env env)
    : env_(env),
      float32_array_(global_function(env, "Float32Array")),
      int32_array_(global_function(env, "Int32Array")),
      big_int64_array_(global_function(env, "BigInt64Array")),
      set_immediate_(global_function(env, "setImmediate")) {
  const Napi::String name = Napi::String::New(env, "diffusion-samplers");
  napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                                       answer_bell, &bell_);
  if (status == napi_ok) status = napi_unref_threadsafe_function(env, bell_);
  if (status != napi_ok) throw Napi::Error::New(env);
  outbox_ = std::make_shared<Outbox>(bell_);
  turn_ = Napi::Persistent(Napi::Function::New(
      env, [](const Napi::CallbackInfo& info) { Environment::of(info.Env()).turn(info.Env()); }, "deliver"));
  status = napi_add_env_cleanup_hook(env, shut_down, this);
  if (status != napi_ok) throw Napi::Error::New(env);
}

Environment::~Environment() = default;

Environment& Environment::of(Napi::Env env) {
  Environment* environment = env.GetInstanceData<Environment>();
  if (environment == nullptr) throw js_error(env, "ERR_CLOSED", "This environment is shutting down");
  return *environment;
}

void Environment::shut_down(void* data) noexcept {
  Environment* self = static_cast<Environment*>(data);
  for (Device* device : *self->devices_) device->close();
  self->outbox_->close();
  self->pending_.clear();
}

void Environment::turn(Napi::Env env) {
  Clock::time_point from = Clock::now();
  while (std::unique_ptr<Message> message = outbox_->take()) {
    deliver(std::move(message), *this, env);
    const Clock::time_point now = Clock::now();
    busy_ += now - from;
    from = now;
    if (busy_ < kTurn) continue;
    busy_ = Clock::duration::zero();
    come_back(env);
    return;
  }
}

// Nothing rings meanwhile: the outbox takes its reader to be awake until take() found it empty.
void Environment::come_back(Napi::Env env) {
  try {
    set_immediate_.Call(env.Global(), {turn_.Value()});
  } catch (...) {
    outbox_->ring();
  }
}

uint64_t Environment::begin(std::unique_ptr<Pending> pending) {
  const uint64_t id = next_id_++;
  pending_.emplace(id, std::move(pending));
  if (pending_.size() == 1) napi_ref_threadsafe_function(env_, bell_);
  return id;
}

Pending* Environment::find(uint64_t id) {
  const auto found = pending_.find(id);
  return found == pending_.end() ? nullptr : found->second.get();
}

std::unique_ptr<Pending> Environment::take(uint64_t id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return nullptr;
  std::unique_ptr<Pending> pending = std::move(found->second);
  pending_.erase(found);
  if (pending_.empty()) napi_unref_threadsafe_function(env_, bell_);
  return pending;
}

Napi::Value Environment::new_array(Napi::Env env, napi_typedarray_type type, size_t length) {
  const Napi::FunctionReference& constructor = type == napi_float32_array ? float32_array_
                                               : type == napi_int32_array ? int32_array_
                                                                          : big_int64_array_;
  try {
    return constructor.New({Napi::Number::New(env, static_cast<double>(length))});
  } catch (const Napi::Error&) {
    throw js_error(env, "OUT_OF_MEMORY", "No memory for an array of " + std::to_string(length) + " values");
  }
}

}  // namespace ds
