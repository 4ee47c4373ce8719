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

class ArraysRead final : public Message {
 public:
  explicit ArraysRead(uint64_t id) : id_(id) {}
  void deliver(Environment& environment, Napi::Env) override {
    if (PendingRun* pending = pending_run(environment, id_)) pending->let_arrays_go();
  }

 private:
  uint64_t id_;
};

// Lives as long as a run reads arrays of JavaScript's; the environment waits for it.
class ReadingArrays {
 public:
  ReadingArrays(Environment& environment, uint64_t id)
      : reader_(environment.reader()), outbox_(environment.outbox()), over_(std::make_unique<ArraysRead>(id)) {}
  ~ReadingArrays() { outbox_->post(std::move(over_)); }
  ReadingArrays(const ReadingArrays&) = delete;
  ReadingArrays& operator=(const ReadingArrays&) = delete;

 private:
  std::shared_ptr<const void> reader_;
  std::shared_ptr<Outbox> outbox_;
  std::unique_ptr<Message> over_;  // made in advance, so that the end needs no memory
};

class Progressed final : public Message {
 public:
  Progressed(uint64_t id, uint32_t steps, std::vector<float> preview)
      : id_(id), steps_(steps), preview_(std::move(preview)) {}
  void deliver(Environment& environment, Napi::Env env) override {
    if (PendingRun* pending = pending_run(environment, id_)) {
      pending->call_progress(environment, env, steps_, preview_);
    }
  }

 private:
  uint64_t id_;
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
  Messenger(std::shared_ptr<Outbox> outbox, uint64_t id, const PendingRun& pending)
      : outbox_(std::move(outbox)),
        id_(id),
        previews_(pending.previews()),
        report_wanted_(pending.report_wanted()),
        ended_(std::make_unique<Ended>(id)) {}

  void network_due() override { outbox_->post(std::make_unique<NetworkDue>(id_)); }

  // The last preview is wanted whoever has asked; the number of the last step comes with the end.
  bool progress_wanted(bool last) noexcept override {
    return report_wanted_->exchange(false, std::memory_order_relaxed) || (last && previews_);
  }

  void progressed(uint32_t steps, std::vector<float> preview) noexcept override {
    try {
      outbox_->post(std::make_unique<Progressed>(id_, steps, std::move(preview)));
    } catch (...) {
      report_wanted_->store(true, std::memory_order_relaxed);
    }
  }

  void ended(RunEnd end) noexcept override {
    ended_->end = std::move(end);
    outbox_->post(std::move(ended_));
  }

 private:
  std::shared_ptr<Outbox> outbox_;
  uint64_t id_;
  const bool previews_;
  const std::shared_ptr<std::atomic<bool>> report_wanted_;
  std::unique_ptr<Ended> ended_;  // made in advance, so that the end needs no memory
};

}  // namespace

void RunBinding::define(Napi::Env env) {
  BindingClass::define(env, "NativeRun",
                       {Accessor<&RunBinding::steps>("steps"), InstanceMethod<&RunBinding::report>("report"),
                        InstanceMethod<&RunBinding::resume>("resume"), InstanceMethod<&RunBinding::cancel>("cancel")});
}

Napi::Value RunBinding::start(Napi::Env env, Napi::Object device_object, Device& device, std::unique_ptr<StepLoop> loop,
                              std::vector<RunStart> starts, const std::vector<Napi::Float32Array>& arrays,
                              const RunFunctions& functions) {
  Environment& environment = Environment::of(env);
  const size_t values = static_cast<size_t>(loop->plan().rows) * static_cast<size_t>(loop->plan().elements);
  const bool previews = loop->plan().preview >= 0;
  auto made = std::make_unique<PendingRun>(device_object, &device, values, previews, functions);
  PendingRun& pending = *made;
  for (const Napi::Float32Array& array : arrays) pending.keep(array);
  const uint64_t id = environment.begin(std::move(made));
  try {
    if (!arrays.empty()) {
      const auto reading = std::make_shared<const ReadingArrays>(environment, id);
      for (RunStart& start : starts) {
        if (!start.keeper) start.keeper = reading;
      }
    }
    auto run = std::make_shared<Run>(*device.executor(), std::move(loop), std::move(starts),
                                     std::make_unique<Messenger>(environment.outbox(), id, pending), device.work());
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

Napi::Value RunBinding::steps(const Napi::CallbackInfo& info) {
  const PendingRun* pending = pending_run(Environment::of(info.Env()), id_);
  return pending == nullptr ? info.Env().Undefined() : Napi::Number::New(info.Env(), pending->steps());
}

void RunBinding::report(const Napi::CallbackInfo& info) {
  if (PendingRun* pending = pending_run(Environment::of(info.Env()), id_)) pending->report_wanted()->store(true);
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
