// A device without JavaScript: its memory, its threads, and how a run gets its backend.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "../cuda/backend.h"
#include "executor.h"
#include "tensor.h"
#include "transfer.h"
#include "work_count.h"

namespace ds {

struct MemoryUse {
  uint64_t live_bytes;
  uint64_t peak_bytes;
};

class Device {
 public:
  // How long closing may hold up its thread for work that does not stop.
  static constexpr std::chrono::milliseconds kPatience{500};

  // Both throw Failure with a sentence. `threads` advance runs; `lanes` names the vector code.
  static std::unique_ptr<Device> open_cpu(int threads, const std::string& lanes);
  static std::unique_ptr<Device> open_cuda(int ordinal);
  ~Device();

  const std::string& kind() const noexcept { return parts_.kind; }
  const std::string& name() const noexcept { return parts_.name; }
  const std::string& lanes() const noexcept { return parts_.lanes; }
  int threads() const noexcept { return parts_.threads; }
  MemoryUse memory() const;
  const std::shared_ptr<WorkCount>& work() const noexcept { return work_; }
  const std::shared_ptr<Executor>& executor() const noexcept { return executor_; }

  // The three below only while it is open. For one run:
  std::unique_ptr<Backend> make_backend() const {
    // Nobody could lend a single thread a hand.
    return parts_.make_backend(parts_.threads > 1 ? executor_->crew() : nullptr);
  }
  // Copies; waits until the device has it.
  std::shared_ptr<TensorData> upload(const float* data, size_t count);
  // For work on the executor.
  const std::shared_ptr<Transfer>& transfer() const noexcept { return transfer_; }

  // Cancels what runs, waits for it with patience, and gives back what no run and no tensor uses. Idempotent.
  void close() noexcept;
  bool closed() const noexcept { return closed_; }

 private:
  struct Parts {
    std::string kind, name, lanes;
    int threads;
    std::shared_ptr<MemoryCount> memory;
    std::function<std::unique_ptr<Backend>(std::shared_ptr<Crew>)> make_backend;
    std::function<void()> begin_thread;
    // Nothing is kept for later runs any more, though buffers live on. Null where that goes with make_backend.
    std::function<void()> keep_nothing;
  };
  explicit Device(Parts parts);

  Parts parts_;
  const std::shared_ptr<WorkCount> work_ = std::make_shared<WorkCount>();
  std::shared_ptr<Transfer> transfer_;
  bool closed_ = false;
  std::shared_ptr<Executor> executor_;
};

}  // namespace ds
