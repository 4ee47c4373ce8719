// Messages carry a run's number; what JavaScript keeps for it is looked up on arrival, and is gone once it has ended.
#include "run_binding.h"

#include <atomic>
#include <utility>

namespace ds {
namespace {

PendingRun* pending_run(Environment& environment, uint64_t id) {
  return static_cast<PendingRun*>(environment.find(id));
}

class NetworkDue final : public Message {
 public:
  explicit NetworkDue(uint64_t id) : id_(id) {}
  void deliver(Environment& environment, Napi::Env env) override {
    if (PendingRun* pending = pending_run(environment, id_)) pending->call_network(environment, env);
  }

 private:
  uint64_t id_;
};

using Flag = std::shared_ptr<std::atomic<bool>>;

class Progressed final : public Message {
 public:
  Progressed(uint64_t id, Flag outstanding, uint32_t steps, std::vector<float> preview)
      : id_(id), outstanding_(std::move(outstanding)), steps_(steps), preview_(std::move(preview)) {}
  void deliver(Environment& environment, Napi::Env env) override {
    outstanding_->store(false);
    if (PendingRun* pending = pending_run(environment, id_)) {
      pending->call_progress(environment, env, steps_, preview_);
    }
  }

 private:
  uint64_t id_;
  Flag outstanding_;
  uint32_t steps_;
  std::vector<float> preview_;
};

class Ended final : public Message {
 public:
  explicit Ended(uint64_t id) : id_(id) {}
  void deliver(Environment& environment, Napi::Env env) override {
    const std::unique_ptr<Pending> pending = environment.take(id_);
    if (pending) static_cast<PendingRun&>(*pending).call_done(env, std::move(end));
  }
  RunEnd end;

 private:
  uint64_t id_;
};

class Messenger final : public RunListener {
 public:
  Messenger(std::shared_ptr<Outbox> outbox, uint64_t id)
      : outbox_(std::move(outbox)),
        id_(id),
        progress_outstanding_(std::make_shared<std::atomic<bool>>(false)),
        ended_(std::make_unique<Ended>(id)) {}

  void network_due() override { outbox_->post(std::make_unique<NetworkDue>(id_)); }

  bool progress_wanted(bool last) noexcept override { return !progress_outstanding_->exchange(true) || last; }

  void progressed(uint32_t steps, std::vector<float> preview) noexcept override {
    try {
      outbox_->post(std::make_unique<Progressed>(id_, progress_outstanding_, steps, std::move(preview)));
    } catch (...) {
      progress_outstanding_->store(false);
    }
  }

  void ended(RunEnd end) noexcept override {
    ended_->end = std::move(end);
    outbox_->post(std::move(ended_));
  }

 private:
  std::shared_ptr<Outbox> outbox_;
  uint64_t id_;
  Flag progress_outstanding_;
  std::unique_ptr<Ended> ended_;  // made in advance, so that the end needs no memory
};

}  // namespace

void RunBinding::define(Napi::Env env) {
  BindingClass::define(env, "NativeRun",
                       {InstanceMethod<&RunBinding::resume>("resume"), InstanceMethod<&RunBinding::cancel>("cancel")});
}

Napi::Value RunBinding::start(Napi::Env env, Napi::Object device_object, Device& device, std::unique_ptr<StepLoop> loop,
                              std::vector<RunStart> starts, const std::vector<Napi::Object>& arrays,
                              const RunFunctions& functions) {
  Environment& environment = Environment::of(env);
  const size_t values = static_cast<size_t>(loop->plan().rows) * static_cast<size_t>(loop->plan().elements);
  const bool previews = loop->plan().preview >= 0;
  auto made = std::make_unique<PendingRun>(device_object, &device, values, previews, functions);
  PendingRun& pending = *made;
  for (const Napi::Object& array : arrays) pending.keep(array);
  const uint64_t id = environment.begin(std::move(made));
  try {
    auto run = std::make_shared<Run>(*device.executor(), std::move(loop), std::move(starts),
                                     std::make_unique<Messenger>(environment.outbox(), id), device.work());
    pending.attach(run);
    Napi::Object object = make(env, id);
    if (!device.executor()->start(run)) throw closed_error(env);
    ++device.work()->runs_started;
    return object;
  } catch (...) {
    environment.take(id);
    throw;
  }
}

void RunBinding::resume(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  if (PendingRun* pending = pending_run(environment, id_)) pending->resume(environment);
}

void RunBinding::cancel(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  if (PendingRun* pending = pending_run(environment, id_)) pending->cancel(environment);
}

}  // namespace ds
