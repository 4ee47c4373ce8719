// Copies between host memory and one device that belong to no run. From any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "../cuda/backend.h"
#include "tensor.h"

namespace ds {

class Transfer {
 public:
  explicit Transfer(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}

  // Whether the host reads and writes memory of the device where it lies.
  bool host_memory() const noexcept { return backend_->host_memory(); }

  // Waits until every stream of the device may read it.
  BufferPtr upload(const float* data, size_t count) {
    const std::lock_guard<std::mutex> lock(mutex_);
    BufferPtr buffer = backend_->allocate(count * sizeof(float));
    if (count > 0) backend_->upload(buffer->data(), data, count * sizeof(float));
    backend_->finish();
    return buffer;
  }

  // Calls take(position, values, count) with one piece after the other, none of them large, until it says false.
  template <typename Take>
  void read(const TensorData& tensor, const Take& take) {
    const auto* from = static_cast<const float*>(tensor.buffer->data());
    std::vector<float> piece;
    if (!backend_->host_memory()) piece.resize(std::min(tensor.count, kPiece));
    for (size_t at = 0; at < tensor.count; at += kPiece) {
      const size_t count = std::min(kPiece, tensor.count - at);
      const float* values = from + at;
      if (!backend_->host_memory()) {
        const std::lock_guard<std::mutex> lock(mutex_);
        backend_->download(piece.data(), values, count * sizeof(float));
        values = piece.data();
      }
      if (!take(at, values, count)) return;
    }
  }

 private:
  static constexpr size_t kPiece = size_t{1} << 21;

  std::mutex mutex_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace ds
