// The workspaces of one device that no run uses, kept for runs of the same shape. From any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "workspace.h"

namespace ds {

class IdleWorkspaces {
 public:
  // The one that was used last; null if there is none.
  std::unique_ptr<Workspace> take(const std::vector<uint64_t>& shape) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (size_t i = kKept; i-- > 0;) {
      if (!idle_[i] || idle_[i]->shape != shape) continue;
      std::unique_ptr<Workspace> workspace = std::move(idle_[i]);
      std::rotate(idle_.begin() + i, idle_.begin() + i + 1, idle_.end());
      return workspace;
    }
    return nullptr;
  }

  // The one that has waited longest goes where there are too many.
  void give_back(std::unique_ptr<Workspace> workspace) noexcept {
    std::unique_ptr<Workspace> given_up;  // goes after the lock
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) {
      given_up = std::move(workspace);
      return;
    }
    auto place = std::find(idle_.begin(), idle_.end(), nullptr);
    if (place == idle_.end()) {
      given_up = std::move(idle_.front());
      std::rotate(idle_.begin(), idle_.begin() + 1, idle_.end());
      --place;
    }
    *place = std::move(workspace);
  }

  void give_up_all() noexcept { give_up(false); }

  // Nothing is kept from now on.
  void close() noexcept { give_up(true); }

 private:
  // A few shapes at a time, or a few runs of one shape.
  static constexpr size_t kKept = 4;
  using Idle = std::array<std::unique_ptr<Workspace>, kKept>;

  void give_up(bool for_good) noexcept {
    Idle given_up;  // go after the lock
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = closed_ || for_good;
    given_up.swap(idle_);
  }

  std::mutex mutex_;
  bool closed_ = false;
  Idle idle_;  // in the order of their last use; null behind them
};

}  // namespace ds
