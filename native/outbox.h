// The way from any thread to one environment's JavaScript: a queue, and a thread-safe function that only rings.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>

namespace ds {

class Environment;

// Owns what it carries, and is destroyed unread when nobody is left to read it.
class Message {
 public:
  virtual ~Message() = default;
  virtual void deliver(Environment& environment, Napi::Env env) = 0;

 private:
  friend class Outbox;
  std::unique_ptr<Message> next_;
};

class Outbox {
 public:
  explicit Outbox(napi_threadsafe_function bell) : bell_(bell) {}
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Allocates nothing. Never touches the bell again once it was refused.
  void post(std::unique_ptr<Message> message) noexcept;
  // On the JavaScript thread: the oldest message. Null when there is none, and then the next post rings again.
  std::unique_ptr<Message> take() noexcept;
  // Rings although the reader is awake, for a reader that cannot come back by itself.
  void ring() noexcept;
  // Drops what is queued, and whatever comes.
  void close() noexcept;

 private:
  // Both return what to drop once the lock is open.
  std::unique_ptr<Message> ring_locked() noexcept;
  std::unique_ptr<Message> close_locked() noexcept;
  static void drop(std::unique_ptr<Message> chain) noexcept;

  napi_threadsafe_function bell_;
  std::mutex mutex_;
  std::unique_ptr<Message> first_;
  Message* last_ = nullptr;
  bool awake_ = false;
  bool closed_ = false;
};

}  // namespace ds
