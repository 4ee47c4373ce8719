// Host memory of one device, for runs and tensors. What one gives back is kept for the next that asks for as much.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "../../cuda/backend.h"
#include "../../cuda/memory_count.h"

namespace ds {

// Counts what is in use. From any thread.
class HostMemory : public MemoryCount, public std::enable_shared_from_this<HostMemory> {
 public:
  HostMemory() { idle_.reserve(kKept); }
  ~HostMemory() { close(); }
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  // Uninitialised, at a multiple of 64 bytes; throws OutOfMemory. The buffer keeps this alive.
  BufferPtr allocate(size_t bytes);
  size_t kept_bytes() noexcept;
  // Nothing is kept from now on.
  void close() noexcept;

 private:
  // One piece of memory from the system.
  class Block {
   public:
    Block() = default;
    // Has no data() where there is no memory.
    explicit Block(size_t bytes) noexcept;
    ~Block();
    Block(Block&& other) noexcept { *this = std::move(other); }
    Block& operator=(Block&& other) noexcept;

    // What is in it is wanted no more: until it is written again, the system may take the memory.
    void rest() noexcept;
    void* data() const noexcept { return data_; }
    size_t bytes() const noexcept { return bytes_; }

   private:
    void* memory_ = nullptr;
    size_t mapped_ = 0;  // bytes, where it is a mapping of its own
    void* data_ = nullptr;
    size_t bytes_ = 0;
  };
  class Owner;

  static constexpr size_t kKept = 64;

  Block take(size_t bytes) noexcept;
  void give_back(Block block) noexcept;
  Block oldest_to_go(bool all) noexcept;
  // With the mutex.
  Block pop_oldest() noexcept;
  void let_go(bool all) noexcept;

  std::mutex mutex_;
  std::vector<Block> idle_;  // the oldest first
  size_t idle_bytes_ = 0;
  bool closed_ = false;
};

}  // namespace ds
