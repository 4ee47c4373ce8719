// Host memory as a device would see it, with every access checked: in a buffer, initialised, and in no race.
#include "checked_memory.h"

#include <cstring>
#include <string>

namespace ds::ptx {
namespace {

constexpr unsigned kGrain = 2;

uint64_t address_of(const void* data) { return reinterpret_cast<uintptr_t>(data); }
void* data_at(uint64_t address) { return reinterpret_cast<void*>(static_cast<uintptr_t>(address)); }

}  // namespace

void CheckedMemory::add(void* data, size_t bytes) {
  Buffer& buffer = buffers_[address_of(data)];
  buffer.begin = address_of(data);
  buffer.bytes = bytes;
  buffer.marks.assign((bytes + kGrain - 1) / kGrain, Mark());
}

void CheckedMemory::remove(void* data) { buffers_.erase(address_of(data)); }

CheckedMemory::Buffer& CheckedMemory::buffer_of(uint64_t address, size_t bytes) {
  auto after = buffers_.upper_bound(address);
  if (after != buffers_.begin()) {
    Buffer& buffer = std::prev(after)->second;
    const uint64_t offset = address - buffer.begin;
    if (offset <= buffer.bytes && bytes <= buffer.bytes - offset) return buffer;
    if (offset < buffer.bytes || offset - buffer.bytes < 4096) {
      throw PtxFault("touches " + std::to_string(bytes) + " bytes at offset " + std::to_string(offset) +
                     " of a buffer of " + std::to_string(buffer.bytes) + " bytes");
    }
  }
  throw PtxFault("touches an address that is in no buffer");
}

void CheckedMemory::initialise(const void* data, size_t bytes) {
  if (bytes == 0) return;
  Buffer& buffer = buffer_of(address_of(data), bytes);
  const size_t first = (address_of(data) - buffer.begin) / kGrain;
  for (size_t i = 0; i < (bytes + kGrain - 1) / kGrain; ++i) buffer.marks[first + i].initialised = true;
}

void CheckedMemory::require_initialised(const void* data, size_t bytes) {
  if (bytes == 0) return;
  Buffer& buffer = buffer_of(address_of(data), bytes);
  const size_t first = (address_of(data) - buffer.begin) / kGrain;
  for (size_t i = 0; i < (bytes + kGrain - 1) / kGrain; ++i) {
    if (buffer.marks[first + i].initialised) continue;
    throw PtxFault("the host reads " + std::to_string(bytes) + " bytes of which byte " + std::to_string(i * kGrain) +
                   " was never written");
  }
}

void CheckedMemory::touch(uint64_t address, unsigned bytes, Access access, const ThreadPlace& place) {
  Buffer& buffer = buffer_of(address, bytes);
  const size_t first = (address - buffer.begin) / kGrain;
  for (size_t i = 0; i < bytes / kGrain; ++i) {
    Mark& mark = buffer.marks[first + i];
    if (mark.launch != launch_) {
      mark.traces = ThreadTraces();
      mark.launch = launch_;
    }
    if (access != Access::kStore && !mark.initialised) throw PtxFault("reads what was never written");
    mark.traces.add(access, place);
    if (access == Access::kStore) mark.initialised = true;
  }
}

void CheckedMemory::load(uint64_t address, unsigned bytes, void* to, const ThreadPlace& place) {
  touch(address, bytes, Access::kLoad, place);
  std::memcpy(to, data_at(address), bytes);
}

void CheckedMemory::store(uint64_t address, unsigned bytes, const void* from, const ThreadPlace& place) {
  touch(address, bytes, Access::kStore, place);
  std::memcpy(data_at(address), from, bytes);
}

uint64_t CheckedMemory::atomic_min(uint64_t address, uint64_t value, const ThreadPlace& place) {
  touch(address, sizeof value, Access::kAtomic, place);
  uint64_t found;
  std::memcpy(&found, data_at(address), sizeof found);
  if (value < found) std::memcpy(data_at(address), &value, sizeof value);
  return found;
}

}  // namespace ds::ptx
