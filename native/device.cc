// The only place that chooses between backends.
#include "device.h"

#include <utility>

#include "../cuda/failure.h"
#include "../cuda/memory_count.h"
#include "cpu/cpu_backend.h"
#include "cpu/cpu_features.h"

#if DS_WITH_CUDA
#include "../cuda/cuda_backend.h"
#else
#include "../cuda/cuda_devices.h"
#endif

namespace ds {

Device::Device(std::string kind, std::string name, std::string lanes, int threads, std::shared_ptr<MemoryCount> memory,
               BackendFactory make_backend)
    : kind_(std::move(kind)),
      name_(std::move(name)),
      lanes_(std::move(lanes)),
      threads_(threads),
      memory_(std::move(memory)),
      make_backend_(std::move(make_backend)),
      transfer_(make_backend_()),
      executor_(threads) {}

Device::~Device() { close(); }

std::unique_ptr<Device> Device::open_cpu(int threads, const std::string& lanes) {
  const LaneTable* table = find_lanes(lanes);
  if (table == nullptr) {
    std::string known;
    for (const LaneTable* each : available_lanes())
      known += (known.empty() ? "'" : ", '") + std::string(each->name) + "'";
    throw Failure(FailureCode::kInternal, "Expected one of " + known + " for lanes but received '" + lanes + "'");
  }
  auto memory = std::make_shared<MemoryCount>();
  return std::unique_ptr<Device>(new Device("cpu", "cpu (" + lanes + ")", lanes, threads, memory,
                                            [table, memory] { return make_cpu_backend(*table, memory); }));
}

#if DS_WITH_CUDA
std::unique_ptr<Device> Device::open_cuda(int ordinal) {
  const std::shared_ptr<CudaDevice> cuda = open_cuda_device(ordinal);
  return std::unique_ptr<Device>(
      new Device("cuda", cuda->name(), "cuda", 1, cuda->memory(), [cuda] { return make_cuda_backend(cuda); }));
}
#else
std::unique_ptr<Device> Device::open_cuda(int) { throw Failure(FailureCode::kCuda, cuda_state().message); }
#endif

MemoryUse Device::memory() const { return {memory_->live_bytes.load(), memory_->peak_bytes.load()}; }

std::shared_ptr<TensorData> Device::upload(const float* data, size_t count) {
  const std::lock_guard<std::mutex> lock(transfer_mutex_);
  BufferPtr buffer = transfer_->allocate(count * sizeof(float));
  if (count > 0) transfer_->upload(buffer->data(), data, count * sizeof(float));
  // Other streams may read it from now on.
  transfer_->finish();
  return std::make_shared<TensorData>(this, std::move(buffer), count);
}

void Device::read(const TensorData& tensor, float* to) {
  if (tensor.count == 0) return;
  if (transfer_->host_memory()) {
    transfer_->download(to, tensor.buffer->data(), tensor.count * sizeof(float));
    return;
  }
  const std::lock_guard<std::mutex> lock(transfer_mutex_);
  transfer_->download(to, tensor.buffer->data(), tensor.count * sizeof(float));
}

void Device::close() noexcept {
  closed_ = true;
  executor_.stop();
}

}  // namespace ds
