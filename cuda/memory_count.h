// Counts the bytes that one device holds: for its backends, tensors and whoever asks.
#pragma once

#include <atomic>
#include <cstdint>

namespace ds {

struct MemoryCount {
  std::atomic<uint64_t> live_bytes{0};
  std::atomic<uint64_t> peak_bytes{0};

  void add(uint64_t bytes) noexcept {
    const uint64_t now = live_bytes.fetch_add(bytes) + bytes;
    uint64_t peak = peak_bytes.load();
    while (now > peak && !peak_bytes.compare_exchange_weak(peak, now)) {
    }
  }
  void subtract(uint64_t bytes) noexcept { live_bytes.fetch_sub(bytes); }
};

}  // namespace ds
