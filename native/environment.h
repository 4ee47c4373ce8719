// One Node environment (the main thread or a worker): how executor threads reach its JavaScript, what is still going
// on, and the end of it all.
#pragma once

#include <napi.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "executor.h"
#include "outbox.h"

namespace ds {

// What JavaScript keeps for something in progress: references, a promise. JavaScript thread only.
class Pending {
 public:
  virtual ~Pending() = default;

 private:
  friend class Environment;
  bool resting_ = false;
};

// Memory that JavaScript has on loan.
class Returnable {
 public:
  virtual ~Returnable() = default;
  // Takes it back where it can.
  virtual void give_back() noexcept = 0;
};

// JavaScript thread only, save for outbox().
class Environment {
 public:
  enum ClassId { kDeviceClass, kTensorClass, kRunClass, kMixtureClass, kOnnxClass, kClassCount };
  struct ClassSlot {
    Napi::FunctionReference constructor;
    void* payload = nullptr;  // set only while the addon itself constructs
  };

  explicit Environment(Napi::Env env);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  static Environment& of(Napi::Env env);

  const std::shared_ptr<Outbox>& outbox() const { return outbox_; }
  ClassSlot& slot(ClassId id) { return classes_[id]; }

  // Something begins; the process stays alive until it is taken out again, save while it rests.
  uint64_t begin(std::unique_ptr<Pending> pending);
  // Null when it has ended.
  Pending* find(uint64_t id);
  std::unique_ptr<Pending> take(uint64_t id);
  // It waits for JavaScript alone, as a promise does, and keeps the process no more alive than a promise.
  void rest(Pending& pending) noexcept { set_resting(pending, true); }
  void wake(Pending& pending) noexcept { set_resting(pending, false); }
  void wake_all() noexcept;

  // The end of the environment stops `executor`, and waits for its threads if it was stopped before in vain.
  void watch(std::shared_ptr<Executor> executor);
  // Stops every executor, as closing the devices would, with patience for all of them together. Idempotent.
  void stop_all() noexcept;
  // Loans are taken back before the environment ends, as long as it can be told which of them went elsewhere.
  void lent(Returnable& loan) { loans_.insert(&loan); }
  void returned(Returnable& loan) noexcept { loans_.erase(&loan); }
  void take_back_loans() noexcept;

  // Held by whoever reads memory of JavaScript's on another thread. The end of the environment, with which that memory
  // goes, waits for it without limit.
  std::shared_ptr<const void> reader();

  // Throws ERR_CLOSED after stop_all().
  void require_open(Napi::Env env) const;

  // For an array whose data somebody may still be using although it was lent no longer: detached for JavaScript, while
  // its memory lives as long as its buffer object.
  void detach_keeping_memory(Napi::Env env, Napi::ArrayBuffer buffer);

  // Uninitialised is not on offer in JavaScript: zeros. Throws OUT_OF_MEMORY where Node-API itself would end the
  // process.
  Napi::Value new_array(Napi::Env env, napi_typedarray_type type, size_t length);

  // Delivers what is in the outbox, for as long as a turn may last.
  void turn(Napi::Env env);

 private:
  static void end(void* self) noexcept;
  void wait_for_readers() noexcept;
  void set_resting(Pending& pending, bool resting) noexcept;
  void stay_alive_as_needed() noexcept;
  void come_back(Napi::Env env);

  napi_env env_;
  napi_threadsafe_function bell_ = nullptr;
  std::shared_ptr<Outbox> outbox_;
  ClassSlot classes_[kClassCount];
  Napi::FunctionReference float32_array_;
  Napi::FunctionReference int32_array_;
  Napi::FunctionReference big_int64_array_;
  Napi::FunctionReference set_immediate_;
  Napi::FunctionReference turn_;
  Napi::FunctionReference structured_clone_;    // empty where there is none
  Napi::ObjectReference moved_memory_;          // a WeakMap from detached buffers to those that own their memory now
  Napi::FunctionReference remember_memory_;     // its set()
  std::chrono::steady_clock::duration busy_{};  // in messages, since the event loop was last let through
  std::unordered_map<uint64_t, std::unique_ptr<Pending>> pending_;
  size_t resting_ = 0;  // of pending_
  bool referenced_ = false;
  std::vector<std::shared_ptr<Executor>> executors_;
  std::unordered_set<Returnable*> loans_;
  std::shared_ptr<const void> readers_ = std::make_shared<char>();  // counts those that hold it
  bool stopped_ = false;
  uint64_t next_id_ = 1;
};

}  // namespace ds
