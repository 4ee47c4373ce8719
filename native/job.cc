// The promise stays on the JavaScript thread; only its number and the job travel.
#include "job.h"

#include "js_error.h"

namespace ds {
namespace {

struct PendingJob final : Pending {
  PendingJob(Napi::Env env, std::shared_ptr<Job> work, const std::vector<Napi::Object>& objects)
      : deferred(Napi::Promise::Deferred::New(env)), job(std::move(work)) {
    for (const Napi::Object& object : objects) kept.push_back(Napi::Persistent(object));
  }
  ~PendingJob() override { job->abandon(); }

  Napi::Promise::Deferred deferred;
  std::shared_ptr<Job> job;
  Job::Kept kept;
};

}  // namespace

class Job::Done final : public Message {
 public:
  Done(uint64_t id, std::shared_ptr<Job> job) : id_(id), job_(std::move(job)) {}

  void deliver(Environment& environment, Napi::Env env) override {
    const std::unique_ptr<Pending> taken = environment.take(id_);
    if (!taken) return;
    PendingJob& pending = static_cast<PendingJob&>(*taken);
    if (job_->failed_) {
      pending.deferred.Reject(js_error(env, code_name(job_->failure_.code), job_->failure_.message).Value());
      return;
    }
    try {
      pending.deferred.Resolve(job_->answer(env, pending.kept));
    } catch (...) {
      pending.deferred.Reject(current_js_error(env).Value());
    }
  }

 private:
  uint64_t id_;
  std::shared_ptr<Job> job_;
};

Turn Job::advance() noexcept {
  try {
    if (cancelled_.load()) throw Failure(FailureCode::kAborted, "The device was closed");
    work();
  } catch (...) {
    failed_ = true;
    failure_ = report_current();
  }
  outbox_->post(std::move(done_));
  return Turn::kEnded;
}

Napi::Promise Job::start(Napi::Env env, Executor& executor, std::shared_ptr<Job> job,
                         const std::vector<Napi::Object>& kept) {
  Environment& environment = Environment::of(env);
  auto pending = std::make_unique<PendingJob>(env, job, kept);
  const Napi::Promise::Deferred deferred = pending->deferred;
  const uint64_t id = environment.begin(std::move(pending));
  try {
    job->outbox_ = environment.outbox();
    job->done_ = std::make_unique<Done>(id, job);
    if (!executor.start(job)) throw closed_error(env);
  } catch (...) {
    const Napi::Error error = current_js_error(env);
    job->done_.reset();  // which holds the job in turn
    environment.take(id);
    deferred.Reject(error.Value());
  }
  return deferred.Promise();
}

Napi::Promise rejected(Napi::Env env, const Napi::Error& error) {
  const Napi::Promise::Deferred deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(error.Value());
  return deferred.Promise();
}

}  // namespace ds
