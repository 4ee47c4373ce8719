// One piece of work off the JavaScript thread that answers with a promise.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <utility>

#include "environment.h"
#include "executor.h"
#include "failure_report.h"

namespace ds {

class Job : public Task {
 public:
  Turn advance() noexcept final;
  void cancel() noexcept final { cancelled_.store(true); }

  // Starts `job`; rejects with ERR_CLOSED when the device is closed. `kept` (the device, arrays that the work writes
  // to) stay alive until the answer; the answer is given `kept`.
  static Napi::Promise start(Napi::Env env, Executor& executor, std::shared_ptr<Job> job, Napi::Array kept);

 protected:
  // On an executor thread.
  virtual void work() = 0;
  // On the JavaScript thread, after work() returned.
  virtual Napi::Value answer(Napi::Env env, Napi::Array kept) = 0;

 private:
  class Done;

  std::atomic<bool> cancelled_{false};
  std::shared_ptr<Outbox> outbox_;
  std::unique_ptr<Message> done_;  // made in advance, so that the answer needs no memory
  bool failed_ = false;
  FailureReport failure_;
};

// A promise rejected with `error`.
Napi::Promise rejected(Napi::Env env, const Napi::Error& error);

}  // namespace ds
