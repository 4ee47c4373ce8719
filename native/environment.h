// One Node environment (the main thread or a worker): how executor threads reach its JavaScript, what is still going
// on, and the end of it all.
#pragma once

#include <napi.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>

#include "outbox.h"

namespace ds {

class Device;

// What JavaScript keeps for something in progress: references, a promise. JavaScript thread only.
class Pending {
 public:
  virtual ~Pending() = default;
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

  // Something begins; the process stays alive until it is taken out again.
  uint64_t begin(std::unique_ptr<Pending> pending);
  // Null when it has ended.
  Pending* find(uint64_t id);
  std::unique_ptr<Pending> take(uint64_t id);

  // Devices that the end of the environment must stop; shared because their finalizers may run after this is gone.
  using Devices = std::set<Device*>;
  const std::shared_ptr<Devices>& devices() const { return devices_; }

  // Uninitialised is not on offer in JavaScript: zeros. Throws OUT_OF_MEMORY where Node-API itself would end the
  // process.
  Napi::Value new_array(Napi::Env env, napi_typedarray_type type, size_t length);

  // Delivers what is in the outbox, for as long as a turn may last.
  void turn(Napi::Env env);

 private:
  static void shut_down(void* self) noexcept;
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
  std::chrono::steady_clock::duration busy_{};  // in messages, since the event loop was last let through
  std::unordered_map<uint64_t, std::unique_ptr<Pending>> pending_;
  std::shared_ptr<Devices> devices_ = std::make_shared<Devices>();
  uint64_t next_id_ = 1;
};

}  // namespace ds
