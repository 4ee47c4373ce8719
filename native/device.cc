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

Device::Device(Parts parts)
    : parts_(std::move(parts)),
      transfer_(std::make_shared<Transfer>(parts_.make_backend(nullptr))),
      executor_(std::make_shared<Executor>(parts_.threads, parts_.begin_thread)) {}

Device::~Device() { close(); }

std::unique_ptr<Device> Device::open_cpu(int threads, const std::string& lanes) {
  const LaneTable* table = find_lanes(lanes);
  if (table == nullptr) {
    std::string known;
    for (const LaneTable* each : available_lanes())
      known += (known.empty() ? "'" : ", '") + std::string(each->name) + "'";
    throw Failure(FailureCode::kInternal, "Expected one of " + known + " for lanes but received '" + lanes + "'");
  }
  const auto memory = std::make_shared<HostMemory>();
  const auto make_backend = [table, memory](std::shared_ptr<Crew> crew) {
    return make_cpu_backend(*table, memory, std::move(crew));
  };
  return std::unique_ptr<Device>(new Device(
      {"cpu", "cpu (" + lanes + ")", lanes, threads, memory, make_backend, nullptr, [memory] { memory->close(); }}));
}

#if DS_WITH_CUDA
std::unique_ptr<Device> Device::open_cuda(int ordinal) {
  const std::shared_ptr<CudaDevice> cuda = open_cuda_device(ordinal);
  return std::unique_ptr<Device>(new Device({"cuda", cuda->name(), "cuda", 1, cuda->memory(),
                                             [cuda](const std::shared_ptr<Crew>&) { return make_cuda_backend(cuda); },
                                             [ordinal] { make_current(ordinal); }, nullptr}));
}
#else
std::unique_ptr<Device> Device::open_cuda(int) { throw Failure(FailureCode::kCuda, cuda_state().message); }
#endif

MemoryUse Device::memory() const { return {parts_.memory->live_bytes.load(), parts_.memory->peak_bytes.load()}; }

std::shared_ptr<TensorData> Device::upload(const float* data, size_t count) {
  return std::make_shared<TensorData>(this, transfer_->upload(data, count), count);
}

void Device::close() noexcept {
  if (closed_) return;
  closed_ = true;
  // Whoever stopped the threads before this has waited for them already.
  executor_->stop(executor_->stopping() ? std::chrono::milliseconds::zero() : kPatience);
  transfer_.reset();
  parts_.make_backend = nullptr;
  if (parts_.keep_nothing) parts_.keep_nothing();
}

}  // namespace ds
