// Moves bytes between pageable host memory and the device through two pinned halves, one filling while one travels.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>

#include "cuda_owners.h"

namespace ds {

class Staging {
 public:
  // `from` may be reused when the call returns.
  void upload(cudaStream_t stream, void* to, const void* from, size_t bytes) {
    auto* target = static_cast<unsigned char*>(to);
    const auto* source = static_cast<const unsigned char*>(from);
    for (size_t at = 0; at < bytes; at += kHalfBytes) {
      Half& half = next();
      const size_t count = std::min(kHalfBytes, bytes - at);
      std::memcpy(half.memory->data(), source + at, count);
      DS_CUDA_CHECK(cudaMemcpyAsync(target + at, half.memory->data(), count, cudaMemcpyHostToDevice, stream));
      half.done.record(stream);
    }
  }

  // Waits until the bytes are there.
  void download(cudaStream_t stream, void* to, const void* from, size_t bytes) {
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
      DS_CUDA_CHECK(cudaMemcpyAsync(half.memory->data(), source + at, count, cudaMemcpyDeviceToHost, stream));
      half.done.record(stream);
      arrive();
      travelling = &half;
      travelling_at = at;
    }
    arrive();
  }

 private:
  static constexpr size_t kHalfBytes = size_t{1} << 21;

  struct Half {
    std::unique_ptr<PinnedMemory> memory;
    Event done;
  };

  // The other half, as soon as nothing travels through it.
  Half& next() {
    turn_ = 1 - turn_;
    Half& half = halves_[turn_];
    if (!half.memory) half.memory = std::make_unique<PinnedMemory>(kHalfBytes);
    half.done.wait();
    return half;
  }

  Half halves_[2];
  int turn_ = 0;
};

}  // namespace ds
