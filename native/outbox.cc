// Messages form a chain through themselves, so that posting one cannot run out of memory.
#include "outbox.h"

#include <utility>

namespace ds {

Outbox::~Outbox() { close(); }

void Outbox::post(std::unique_ptr<Message> message) noexcept {
  std::unique_ptr<Message> dropped;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    Message* added = message.get();
    (last_ != nullptr ? last_->next_ : first_) = std::move(message);
    last_ = added;
    if (awake_) return;
    awake_ = true;
    dropped = ring_locked();
  }
  drop(std::move(dropped));
}

std::unique_ptr<Message> Outbox::take() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unique_ptr<Message> message = std::move(first_);
  if (message) {
    first_ = std::move(message->next_);
    if (!first_) last_ = nullptr;
  } else {
    awake_ = false;
  }
  return message;
}

void Outbox::ring() noexcept {
  std::unique_ptr<Message> dropped;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!closed_) dropped = ring_locked();
  }
  drop(std::move(dropped));
}

void Outbox::close() noexcept {
  std::unique_ptr<Message> dropped;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    dropped = close_locked();
  }
  drop(std::move(dropped));
}

// Under the lock, so that once close() has returned no thread is about to touch the bell.
std::unique_ptr<Message> Outbox::ring_locked() noexcept {
  if (napi_call_threadsafe_function(bell_, nullptr, napi_tsfn_nonblocking) == napi_ok) return nullptr;
  return close_locked();
}

std::unique_ptr<Message> Outbox::close_locked() noexcept {
  closed_ = true;
  last_ = nullptr;
  return std::move(first_);
}

// One by one: a chain that destroys itself recurses.
void Outbox::drop(std::unique_ptr<Message> chain) noexcept {
  while (chain) chain = std::move(chain->next_);
}

}  // namespace ds
