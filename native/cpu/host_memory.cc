// What is in use and what is kept never come to more than was in use at once.
#include "host_memory.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "../../cuda/failure.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, bytes)
#define ASAN_UNPOISON_MEMORY_REGION(memory, bytes)
#endif

namespace ds {
namespace {

constexpr size_t kAlignment = 64;
// Less comes and goes as fast from malloc.
constexpr size_t kWorthKeeping = 4096;
// From here on memory is a mapping of its own, in large pages where the system has them: with small ones the first
// touch takes several times as long, and every pass looks more addresses up.
constexpr size_t kOwnMapping = size_t{1} << 20;
#if defined(MADV_FREE) && defined(MADV_HUGEPAGE)
constexpr size_t kLargePage = size_t{2} << 20;
#endif
// Mappings begin alike, and caches find a place by an address's low bits: each is shifted by another of these. Without,
// a pass over 2^26 elements with two outputs was seen to take three times as long.
constexpr size_t kShift = 1024;
constexpr size_t kShifts = 8;

std::atomic<size_t> next_shift{0};

}  // namespace

HostMemory::Block::Block(size_t bytes) noexcept : bytes_(bytes) {
  if (bytes > std::numeric_limits<size_t>::max() / 2) return;
  if (bytes < kOwnMapping) {
    // Not aligned_alloc: glibc's leaves a hole beside each block, and a loop over large ones grows without end.
    size_t room = bytes + kAlignment;
    data_ = memory_ = std::malloc(room);
    if (memory_ != nullptr) std::align(kAlignment, bytes, data_, room);
    return;
  }
  const size_t size = bytes + kShift * kShifts;
  void* mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return;
  memory_ = mapping;
  mapped_ = size;
#ifdef MADV_HUGEPAGE
  madvise(memory_, mapped_, MADV_HUGEPAGE);
#endif
  const size_t shift = next_shift.fetch_add(1, std::memory_order_relaxed) % kShifts;
  data_ = static_cast<char*>(memory_) + shift * kShift;
}

HostMemory::Block::~Block() {
  if (memory_ == nullptr) return;
  if (mapped_ > 0) {
    munmap(memory_, mapped_);
  } else {
    std::free(memory_);
  }
}

// Whole large pages alone: those at its ends, which are cut or small, took longer than all of the others.
void HostMemory::Block::rest() noexcept {
#if defined(MADV_FREE) && defined(MADV_HUGEPAGE)
  const auto begin = reinterpret_cast<uintptr_t>(memory_), end = begin + mapped_;
  const uintptr_t first = (begin + kLargePage - 1) / kLargePage * kLargePage, last = end / kLargePage * kLargePage;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_FREE);
#endif
}

HostMemory::Block& HostMemory::Block::operator=(Block&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(mapped_, other.mapped_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

class HostMemory::Owner final : public Buffer {
 public:
  Owner(std::shared_ptr<HostMemory> from, Block block) : from_(std::move(from)), block_(std::move(block)) {
    from_->add(block_.bytes());
  }
  ~Owner() override {
    from_->subtract(block_.bytes());
    from_->give_back(std::move(block_));
  }
  void* data() noexcept override { return block_.data(); }
  size_t bytes() const noexcept override { return block_.bytes(); }

 private:
  std::shared_ptr<HostMemory> from_;
  Block block_;
};

BufferPtr HostMemory::allocate(size_t bytes) {
  Block block = take(bytes);
  if (block.data() == nullptr) block = Block(bytes);
  if (block.data() == nullptr) {
    let_go(true);
    block = Block(bytes);
  }
  if (block.data() == nullptr) {
    throw Failure(FailureCode::kOutOfMemory, "cannot allocate " + std::to_string(bytes) + " bytes of host memory");
  }
  BufferPtr buffer = std::make_unique<Owner>(shared_from_this(), std::move(block));
  let_go(false);
  return buffer;
}

size_t HostMemory::kept_bytes() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return idle_bytes_;
}

void HostMemory::close() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }
  let_go(true);
}

// What was used last, as caches may still have it.
HostMemory::Block HostMemory::take(size_t bytes) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = idle_.size(); i-- > 0;) {
    if (idle_[i].bytes() != bytes) continue;
    Block block = std::move(idle_[i]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    idle_bytes_ -= bytes;
    ASAN_UNPOISON_MEMORY_REGION(block.data(), bytes);
    return block;
  }
  return {};
}

void HostMemory::give_back(Block block) noexcept {
  if (block.bytes() < kWorthKeeping) return;
  block.rest();
  Block oldest;  // is freed when the mutex is open again
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    if (idle_.size() == kKept) oldest = pop_oldest();
    ASAN_POISON_MEMORY_REGION(block.data(), block.bytes());
    idle_bytes_ += block.bytes();
    idle_.push_back(std::move(block));
  }
  let_go(false);
}

HostMemory::Block HostMemory::oldest_to_go(bool all) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool too_much = live_bytes.load() + idle_bytes_ > peak_bytes.load();
  return !idle_.empty() && (all || too_much) ? pop_oldest() : Block();
}

HostMemory::Block HostMemory::pop_oldest() noexcept {
  Block block = std::move(idle_.front());
  idle_.erase(idle_.begin());
  idle_bytes_ -= block.bytes();
  ASAN_UNPOISON_MEMORY_REGION(block.data(), block.bytes());
  return block;
}

void HostMemory::let_go(bool all) noexcept {
  while (oldest_to_go(all).data() != nullptr) {
  }
}

}  // namespace ds
