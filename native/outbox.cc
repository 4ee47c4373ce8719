// Messages form a chain through themselves, so that posting one cannot run out of memory.
#include "outbox.h"

#include <utility>

namespace ds {

Outbox::~Outbox() { close(); }

void Outbox::post(std::unique_ptr<Message> message) noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    Message* added = message.get();
    (last_ != nullptr ? last_->next_ : first_) = std::move(message);
    last_ = added;
    if (awake_) return;
    awake_ = true;
  }
  ring();
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
  if (napi_call_threadsafe_function(bell_, nullptr, napi_tsfn_nonblocking) != napi_ok) close();
}

void Outbox::close() noexcept {
  std::unique_ptr<Message> dropped;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    dropped = std::move(first_);
    last_ = nullptr;
  }
  // One by one: a chain that destroys itself recurses.
  while (dropped) dropped = std::move(dropped->next_);
}

}  // namespace ds
