// Moves bytes between pageable host memory and the device through two pinned halves, one filling while one travels.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "backend.h"
#include "cuda_owners.h"

namespace ds {

class Staging {
 public:
  explicit Staging(int ordinal) : ordinal_(ordinal), halves_{Half(ordinal), Half(ordinal)} {}

  // `from` may be reused when the call returns.
  void upload(cudaStream_t stream, void* to, const void* from, size_t bytes) {
    auto* target = static_cast<unsigned char*>(to);
    const auto* source = static_cast<const unsigned char*>(from);
    for (size_t at = 0; at < bytes; at += kHalfBytes) {
      Half& half = next();
      const size_t count = std::min(kHalfBytes, bytes - at);
      std::memcpy(half.memory->data(), source + at, count);
      DS_CUDA_CHECK(ordinal_, cudaMemcpyAsync(target + at, half.memory->data(), count, cudaMemcpyHostToDevice, stream));
      half.done.record(stream);
    }
  }

  // Waits until the bytes are there.
  void download(cudaStream_t stream, void* to, const void* from, size_t bytes) {
    try {
      download_halves(stream, to, from, bytes);
    } catch (...) {
      // Whoever asked may free `from` on another stream now, so no copy of it may still be on its way.
      cuda_succeeded(cudaStreamSynchronize(stream));
      throw;
    }
  }

 private:
  static constexpr size_t kHalfBytes = size_t{1} << 21;

  void download_halves(cudaStream_t stream, void* to, const void* from, size_t bytes) {
    auto* target = static_cast<unsigned char*>(to);
    const auto* source = static_cast<const unsigned char*>(from);
    Half* travelling = nullptr;
    size_t travelling_at = 0;
    const auto arrive = [&] {
      if (!travelling) return;
      travelling->done.wait();
      std::memcpy(target + travelling_at, travelling->memory->data(), std::min(kHalfBytes, bytes - travelling_at));
    };
    for (size_t at = 0; at < bytes; at += kHalfBytes) {
      Half& half = next();
      const size_t count = std::min(kHalfBytes, bytes - at);
      DS_CUDA_CHECK(ordinal_, cudaMemcpyAsync(half.memory->data(), source + at, count, cudaMemcpyDeviceToHost, stream));
      half.done.record(stream);
      arrive();
      travelling = &half;
      travelling_at = at;
    }
    arrive();
  }

  struct Half {
    explicit Half(int ordinal) : done(ordinal) {}
    std::unique_ptr<PinnedMemory> memory;
    Event done;
  };

  // The other half, as soon as nothing travels through it.
  Half& next() {
    turn_ = 1 - turn_;
    Half& half = halves_[turn_];
    if (!half.memory) half.memory = std::make_unique<PinnedMemory>(ordinal_, kHalfBytes);
    half.done.wait();
    return half;
  }

  const int ordinal_;
  Half halves_[2];
  int turn_ = 0;
};

// What a run needs of a device besides memory, and what takes too long to make for each.
struct RunKit {
  explicit RunKit(int ordinal) : staging(ordinal), step_ends{Event(ordinal), Event(ordinal), Event(ordinal)} {}
  Staging staging;
  Event step_ends[kStepsAhead + 1];
};

// The kits of one device that no run uses. From any thread.
class RunKits {
 public:
  explicit RunKits(int ordinal) : ordinal_(ordinal) {}

  std::unique_ptr<RunKit> take() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<RunKit> kit = std::move(idle_.back());
        idle_.pop_back();
        return kit;
      }
    }
    return std::make_unique<RunKit>(ordinal_);
  }

  // No work that uses it may be queued any more.
  void give_back(std::unique_ptr<RunKit> kit) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (idle_.size() < idle_.capacity()) idle_.push_back(std::move(kit));
  }

 private:
  // Pinned memory is taken from the whole machine, so only as much is kept as a busy server uses again at once.
  static constexpr size_t kKept = 16;
  static std::vector<std::unique_ptr<RunKit>> room() {
    std::vector<std::unique_ptr<RunKit>> kits;
    kits.reserve(kKept);
    return kits;
  }

  const int ordinal_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<RunKit>> idle_ = room();
};

}  // namespace ds
