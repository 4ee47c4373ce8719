// A device without JavaScript: its memory, its threads, and how a run gets its backend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "../cuda/backend.h"
#include "executor.h"
#include "tensor.h"

namespace ds {

struct MemoryUse {
  uint64_t live_bytes;
  uint64_t peak_bytes;
};

class Device {
 public:
  // Both throw Failure with a sentence. `threads` advance runs; `lanes` names the vector code.
  static std::unique_ptr<Device> open_cpu(int threads, const std::string& lanes);
  static std::unique_ptr<Device> open_cuda(int ordinal);
  ~Device();

  const std::string& kind() const noexcept { return kind_; }
  const std::string& name() const noexcept { return name_; }
  const std::string& lanes() const noexcept { return lanes_; }
  int threads() const noexcept { return threads_; }
  MemoryUse memory() const;
  Executor& executor() noexcept { return executor_; }

  // For one run.
  std::unique_ptr<Backend> make_backend() const { return make_backend_(); }
  // Copies; waits until the device has it. From any thread, as are the two below.
  std::shared_ptr<TensorData> upload(const float* data, size_t count);
  void read(const TensorData& tensor, float* to);

  // Cancels what runs and joins the threads. Idempotent.
  void close() noexcept;
  bool closed() const noexcept { return closed_; }

 private:
  using BackendFactory = std::function<std::unique_ptr<Backend>()>;
  Device(std::string kind, std::string name, std::string lanes, int threads, std::shared_ptr<MemoryCount> memory,
         BackendFactory make_backend);

  const std::string kind_;
  const std::string name_;
  const std::string lanes_;
  const int threads_;
  const std::shared_ptr<MemoryCount> memory_;
  const BackendFactory make_backend_;
  std::mutex transfer_mutex_;
  std::unique_ptr<Backend> transfer_;
  bool closed_ = false;
  Executor executor_;
};

}  // namespace ds
