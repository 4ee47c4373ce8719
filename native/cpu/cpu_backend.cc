// The backend that computes on the calling thread, in host memory.
#include "cpu_backend.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "../../cuda/failure.h"
#include "float_mode.h"

namespace ds {
namespace {

constexpr size_t kAlignment = 64;

class CpuBuffer final : public Buffer {
 public:
  CpuBuffer(size_t bytes, std::shared_ptr<MemoryCount> count) : bytes_(bytes), count_(std::move(count)) {
    // Not aligned_alloc: glibc's leaves a hole beside each block, and a loop over large ones grows without end.
    if (bytes <= std::numeric_limits<size_t>::max() / 2) memory_ = std::malloc(bytes + kAlignment);
    if (!memory_) {
      throw Failure(FailureCode::kOutOfMemory, "cannot allocate " + std::to_string(bytes) + " bytes of host memory");
    }
    size_t room = bytes + kAlignment;
    data_ = memory_;
    std::align(kAlignment, bytes, data_, room);
    count_->add(bytes_);
  }
  ~CpuBuffer() override {
    std::free(memory_);
    count_->subtract(bytes_);
  }
  void* data() noexcept override { return data_; }
  size_t bytes() const noexcept override { return bytes_; }

 private:
  void* memory_ = nullptr;
  void* data_ = nullptr;  // the first aligned address of it
  size_t bytes_;
  std::shared_ptr<MemoryCount> count_;
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(const LaneTable& lanes, std::shared_ptr<MemoryCount> count) : lanes_(lanes), count_(std::move(count)) {}

  BufferPtr allocate(size_t bytes) override { return std::make_unique<CpuBuffer>(bytes, count_); }
  void upload(void* to, const void* from, size_t bytes) override { copy(to, from, bytes); }
  void download(void* to, const void* from, size_t bytes) override { copy(to, from, bytes); }
  void copy(void* to, const void* from, size_t bytes) override {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void combine(const CombineArgs& args) override {
    const FloatMode mode;
    lanes_.combine(args);
  }
  void mixture(const MixtureArgs& args) override {
    const FloatMode mode;
    lanes_.mixture(args);
  }
  void step_done() override {}
  bool ready(uint32_t) override { return true; }
  void finish() override {}
  bool host_memory() const noexcept override { return true; }

 private:
  const LaneTable& lanes_;
  std::shared_ptr<MemoryCount> count_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const LaneTable& lanes, std::shared_ptr<MemoryCount> count) {
  return std::make_unique<CpuBackend>(lanes, std::move(count));
}

}  // namespace ds
