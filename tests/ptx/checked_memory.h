// Host memory as a device would see it, with every access checked: in a buffer, initialised, and in no race.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "thread_traces.h"

namespace ds::ptx {

class CheckedMemory : public Memory {
 public:
  // Nothing in it is initialised. The owner keeps the bytes alive until it removes them.
  void add(void* data, size_t bytes);
  void remove(void* data);
  // As if the host had written there.
  void initialise(const void* data, size_t bytes);
  // Throws where the host would read what nobody has written.
  void require_initialised(const void* data, size_t bytes);

  void begin_launch() override { ++launch_; }
  void load(uint64_t address, unsigned bytes, void* to, const ThreadPlace& place) override;
  void store(uint64_t address, unsigned bytes, const void* from, const ThreadPlace& place) override;
  uint64_t atomic_min(uint64_t address, uint64_t value, const ThreadPlace& place) override;

 private:
  // Of two bytes, the least that a kernel moves. Traces are those of the last launch here.
  struct Mark {
    uint64_t launch = 0;
    ThreadTraces traces;
    bool initialised = false;
  };
  struct Buffer {
    uint64_t begin = 0;
    size_t bytes = 0;
    std::vector<Mark> marks;
  };

  Buffer& buffer_of(uint64_t address, size_t bytes);
  void touch(uint64_t address, unsigned bytes, Access access, const ThreadPlace& place);

  std::map<uint64_t, Buffer> buffers_;
  uint64_t launch_ = 1;
};

}  // namespace ds::ptx
