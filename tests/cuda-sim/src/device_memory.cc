// The range is reserved once, without rights; its backing is a file in memory that is mapped elsewhere.
#include "device_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "../include/cuda_sim_device.h"
#include "faults.h"

namespace cuda_sim {

Space space{};

namespace {

constexpr size_t kRange = size_t{1} << 34;
constexpr size_t kPage = 4096;
// CUDA promises 256 bytes and no more, so that is what is given.
constexpr size_t kAlignment = 256;
// Overruns of less than this meet no other allocation.
constexpr size_t kGap = 16384;

uintptr_t page_of(uintptr_t at) { return at / kPage * kPage; }

unsigned char* reserve(int rights, int flags, int file) {
  void* at = mmap(nullptr, kRange, rights, flags | MAP_NORESERVE, file, 0);
  if (at == MAP_FAILED) throw std::runtime_error("cuda-sim: the address range cannot be reserved");
  return static_cast<unsigned char*>(at);
}

size_t offset_of(const void* at) { return reinterpret_cast<uintptr_t>(at) - space.base; }

}  // namespace

DeviceMemory::DeviceMemory() {
  file_ = memfd_create("cuda-sim", MFD_CLOEXEC);
  if (file_ < 0 || ftruncate(file_, kRange) != 0) throw std::runtime_error("cuda-sim: no memory file");
  space.base = reinterpret_cast<uintptr_t>(reserve(PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
  space.backing = reserve(PROT_READ | PROT_WRITE, MAP_SHARED, file_);
  space.shadow = reserve(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  // The last accesses of the range reach a little further in the shadow.
  space.bytes = kRange - kPage;
  next_ = space.base + kPage;
}

bool DeviceMemory::limit(size_t bytes) {
  if (bytes > kRange - kPage) return false;
  space.bytes = bytes;
  return true;
}

// Whether nothing lives there; what has died there is forgotten.
bool DeviceMemory::room(uintptr_t begin, uintptr_t end) {
  auto at = allocations_.upper_bound(end);
  while (at != allocations_.begin()) {
    --at;
    if (at->second.begin + at->second.bytes + kPage <= begin) break;
    if (!at->second.gone) return false;
    at = allocations_.erase(at);
  }
  return true;
}

Allocation* DeviceMemory::allocate(size_t bytes, Random* random) {
  const uintptr_t end_of_range = space.base + space.bytes;
  for (int turn = 0; turn < 2;) {
    const uintptr_t begin = next_ + kAlignment * (1 + 2 * random->below(kPage / kAlignment / 2));
    const uintptr_t end = page_of(begin + bytes + kPage - 1);
    if (bytes > space.bytes || end + kGap > end_of_range) {
      next_ = space.base + kPage;
      ++turn;
      continue;
    }
    next_ = end + kGap;
    if (!room(page_of(begin), end)) continue;
    return &(allocations_[begin] = Allocation{++ids_, begin, bytes, nullptr, 0});
  }
  return nullptr;
}

void DeviceMemory::arrive(Allocation* allocation) {
  allocation->arrived = true;
  std::memset(space.shadow + (allocation->begin - space.base), kUnwritten, allocation->bytes);
}

void DeviceMemory::leave(Allocation* allocation) {
  allocation->gone = true;
  const uintptr_t begin = page_of(allocation->begin), end = page_of(allocation->begin + allocation->bytes + kPage - 1);
  const size_t offset = begin - space.base;
  fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
            static_cast<off_t>(end - begin));
  madvise(space.shadow + offset, end - begin, MADV_DONTNEED);
}

void DeviceMemory::clear() {
  for (auto& [begin, allocation] : allocations_) {
    if (!allocation.gone) leave(&allocation);
    allocation.freed_on = ~uint64_t{0};
  }
}

Allocation* DeviceMemory::find(const void* begin) {
  const auto found = allocations_.find(reinterpret_cast<uintptr_t>(begin));
  return found == allocations_.end() ? nullptr : &found->second;
}

bool DeviceMemory::contains(const void* at) const { return offset_of(at) < kRange; }

std::string DeviceMemory::place(uintptr_t at) const {
  auto above = allocations_.upper_bound(at);
  if (above == allocations_.begin()) {
    if (above == allocations_.end()) return "there is no allocation";
    return std::to_string(above->first - at) + " bytes before allocation #" + std::to_string(above->second.id);
  }
  const Allocation& near = std::prev(above)->second;
  const std::string name = "allocation #" + std::to_string(near.id) + " (" + std::to_string(near.bytes) + " bytes at " +
                           hexadecimal(near.begin) + ", made on stream " + std::to_string(near.stream) +
                           (near.freed_on != 0 ? ", freed on stream " + std::to_string(near.freed_on) : "") + ")";
  const uintptr_t end = near.begin + near.bytes;
  if (at < end) return std::to_string(at - near.begin) + " bytes into " + name;
  if (above != allocations_.end() && above->first - at < at - end) {
    return std::to_string(above->first - at) + " bytes before allocation #" + std::to_string(above->second.id);
  }
  return std::to_string(at - end) + " bytes past the end of " + name;
}

std::string DeviceMemory::describe(uintptr_t at, size_t bytes, bool reads, bool unaligned) const {
  const std::string where = std::to_string(bytes) + " bytes at " + hexadecimal(at) + ", ";
  if (unaligned) return where + "not aligned to their width, " + place(at);
  const size_t offset = at - space.base;
  if (offset >= space.bytes) return where + "which is no device memory";
  for (size_t i = 0; i < bytes; ++i) {
    const unsigned char state = space.shadow[offset + i];
    if (state == kWritten || (state == kUnwritten && !reads)) continue;
    if (state == kUnwritten)
      return where + "of which byte " + std::to_string(i) + " was never written, " + place(at + i);
    auto near = allocations_.upper_bound(at + i);
    const Allocation* owner = near == allocations_.begin() ? nullptr : &std::prev(near)->second;
    const bool inside = owner != nullptr && at + i < owner->begin + owner->bytes;
    if (inside && owner->gone) return where + "after the free of its memory, " + place(at + i);
    if (inside) return where + "before its memory was there in stream order, " + place(at + i);
    return where + "outside of all allocations, " + place(at + i);
  }
  return where + place(at);
}

std::string DeviceMemory::problem(const void* at, size_t bytes, bool reads) const {
  const size_t offset = offset_of(at);
  if (offset >= space.bytes || bytes > space.bytes - offset) {
    return describe(reinterpret_cast<uintptr_t>(at), bytes, reads, false);
  }
  const unsigned char* shadow = space.shadow + offset;
  const unsigned char* end = shadow + bytes;
  const unsigned char wanted = reads ? kWritten : kUnwritten;
  while (shadow != end && (*shadow & wanted) == wanted) ++shadow;
  return shadow == end ? "" : describe(reinterpret_cast<uintptr_t>(at), bytes, reads, false);
}

void DeviceMemory::write(void* to, const void* from, size_t bytes) {
  std::memcpy(space.backing + offset_of(to), from, bytes);
  std::memset(space.shadow + offset_of(to), kWritten, bytes);
}

void DeviceMemory::read(void* to, const void* from, size_t bytes) const {
  std::memcpy(to, space.backing + offset_of(from), bytes);
}

void DeviceMemory::copy(void* to, const void* from, size_t bytes) {
  std::memmove(space.backing + offset_of(to), space.backing + offset_of(from), bytes);
  std::memmove(space.shadow + offset_of(to), space.shadow + offset_of(from), bytes);
}

}  // namespace cuda_sim
