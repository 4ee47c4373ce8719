// The order is what keeps termination safe: thread-safe function, then clean-up hook, then (by devices) threads.
#include "environment.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "device.h"
#include "js_error.h"

namespace ds {
namespace {

using Clock = std::chrono::steady_clock;

// Node runs up to a thousand calls of a thread-safe function in a row. With JavaScript networks there is always a next
// one, so timers and sockets would wait for seconds; after this long they get their turn.
constexpr std::chrono::milliseconds kTurn(4);
// How often threads that read memory of JavaScript's are told again to stop.
constexpr std::chrono::milliseconds kStopAgain(20);

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

// The exception being handled, as if a callback of Node's own had thrown it: 'uncaughtException', and the end of the
// process where nobody listens.
void report_uncaught(Napi::Env env) noexcept {
  try {
    const Napi::HandleScope scope(env);
    napi_fatal_exception(env, current_js_error(env).Value());
  } catch (...) {
    // The environment is terminating.
  }
}

void deliver(std::unique_ptr<Message> message, Environment& environment, Napi::Env env) noexcept {
  try {
    const Napi::HandleScope scope(env);
    message->deliver(environment, env);
  } catch (...) {
    report_uncaught(env);
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
  const Napi::Value clone = env.Global().Get("structuredClone");
  if (clone.IsFunction()) {
    structured_clone_ = Napi::Persistent(clone.As<Napi::Function>());
    const Napi::Object map = global_function(env, "WeakMap").New({});
    moved_memory_ = Napi::Persistent(map);
    remember_memory_ = Napi::Persistent(map.Get("set").As<Napi::Function>());
  }
  status = napi_add_env_cleanup_hook(env, end, this);
  if (status != napi_ok) throw Napi::Error::New(env);
}

Environment::~Environment() = default;

Environment& Environment::of(Napi::Env env) {
  Environment* environment = env.GetInstanceData<Environment>();
  if (environment == nullptr) throw js_error(env, "ERR_CLOSED", "This environment is shutting down");
  return *environment;
}

void Environment::end(void* data) noexcept {
  Environment* self = static_cast<Environment*>(data);
  self->stop_all();
  self->wait_for_readers();
  self->outbox_->close();
  self->pending_.clear();
}

void Environment::watch(std::shared_ptr<Executor> executor) {
  const auto over = [](const std::shared_ptr<Executor>& each) {
    return each->stopping() && each->stop(std::chrono::milliseconds::zero());
  };
  executors_.erase(std::remove_if(executors_.begin(), executors_.end(), over), executors_.end());
  executors_.push_back(std::move(executor));
}

void Environment::stop_all() noexcept {
  stopped_ = true;
  const Clock::time_point deadline = Clock::now() + Device::kPatience;
  // All are told before any is waited for.
  for (const auto& executor : executors_) executor->stop(std::chrono::milliseconds::zero());
  for (const auto& executor : executors_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    executor->stop(std::max(left, std::chrono::milliseconds::zero()));
  }
}

// Hooks run in reverse order, and memory that another addon lent JavaScript goes with a hook of its own: none may be
// newer.
std::shared_ptr<const void> Environment::reader() {
  napi_remove_env_cleanup_hook(env_, end, this);
  if (napi_add_env_cleanup_hook(env_, end, this) != napi_ok) throw Napi::Error::New(env_);
  return readers_;
}

// They are cancelled, so a run is done at the end of its stage, or where its network looks up: of an ONNX model between
// two of its operators.
void Environment::wait_for_readers() noexcept {
  bool running = true;
  while (running && readers_.use_count() > 1) {
    running = false;
    for (const auto& executor : executors_) running = !executor->stop(kStopAgain) || running;
  }
  // What they read comes before what frees it.
  std::atomic_thread_fence(std::memory_order_acquire);
}

void Environment::take_back_loans() noexcept {
  for (Returnable* loan : loans_) loan->give_back();
}

void Environment::require_open(Napi::Env env) const {
  if (stopped_) throw js_error(env, "ERR_CLOSED", "This environment is shutting down");
}

void Environment::detach_keeping_memory(Napi::Env env, Napi::ArrayBuffer buffer) {
  if (!structured_clone_.IsEmpty()) {
    try {
      // Transferring hands the memory to a new buffer, at the same address.
      Napi::Array transfer = Napi::Array::New(env, 1);
      transfer.Set(0u, buffer);
      Napi::Object options = Napi::Object::New(env);
      options.Set("transfer", transfer);
      const Napi::Value moved = structured_clone_.Call({buffer, options});
      remember_memory_.Call(moved_memory_.Value(), {buffer, moved});
    } catch (const Napi::Error&) {
      // Not transferable, or no memory for it: then it is only detached.
    }
  }
  if (!buffer.IsDetached()) buffer.Detach();
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
  stay_alive_as_needed();
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
  wake(*pending);
  pending_.erase(found);
  stay_alive_as_needed();
  return pending;
}

void Environment::set_resting(Pending& pending, bool resting) noexcept {
  if (pending.resting_ == resting) return;
  pending.resting_ = resting;
  resting_ += resting ? 1 : -1;
  stay_alive_as_needed();
}

void Environment::wake_all() noexcept {
  for (const auto& [id, pending] : pending_) wake(*pending);
}

void Environment::stay_alive_as_needed() noexcept {
  const bool needed = pending_.size() > resting_;
  if (needed == referenced_) return;
  referenced_ = needed;
  (needed ? napi_ref_threadsafe_function : napi_unref_threadsafe_function)(env_, bell_);
}

Napi::Value Environment::new_array(Napi::Env env, napi_typedarray_type type, size_t length) {
  const Napi::FunctionReference& constructor = type == napi_float32_array ? float32_array_
                                               : type == napi_int32_array ? int32_array_
                                                                          : big_int64_array_;
  try {
    return constructor.New({Napi::Number::New(env, static_cast<double>(length))});
  } catch (const Napi::Error&) {
    throw Failure(FailureCode::kOutOfMemory, "No memory for an array of " + std::to_string(length) + " values");
  }
}

}  // namespace ds
