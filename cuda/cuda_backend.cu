// The backend that computes on one CUDA device. Host code only.
#include "cuda_backend.h"

#include <string>
#include <utility>

#include "cuda_devices.h"
#include "cuda_graph.h"
#include "cuda_kernels.h"
#include "cuda_staging.h"
#include "failure.h"
#include "idle_workspaces.h"

namespace ds {
namespace {

void require_usable(int ordinal) {
  const std::string loss = cuda_device_loss(ordinal);
  if (!loss.empty()) throw Failure(FailureCode::kCuda, loss);
}

// What runs and buffers hold on to.
class OpenDevice {
 public:
  OpenDevice(int ordinal, std::string name)
      : ordinal_(ordinal),
        name_(std::move(name)),
        memory_(std::make_shared<MemoryCount>()),
        pool_(ordinal),
        kits_(ordinal) {}
  const std::string& name() const noexcept { return name_; }
  const std::shared_ptr<MemoryCount>& memory() const noexcept { return memory_; }
  int ordinal() const noexcept { return ordinal_; }
  cudaMemPool_t pool() const noexcept { return pool_.get(); }
  RunKits& kits() noexcept { return kits_; }
  IdleWorkspaces& idle() noexcept { return idle_; }

 private:
  const int ordinal_;
  std::string name_;
  std::shared_ptr<MemoryCount> memory_;
  MemoryPool pool_;
  RunKits kits_;
  IdleWorkspaces idle_;
};

// What an owner of the device holds. Idle workspaces hold on to the device like all buffers, so they go with this.
class DeviceHandle final : public CudaDevice {
 public:
  explicit DeviceHandle(std::shared_ptr<OpenDevice> open) : open_(std::move(open)) {}
  ~DeviceHandle() override { open_->idle().close(); }
  const std::string& name() const noexcept override { return open_->name(); }
  const std::shared_ptr<MemoryCount>& memory() const noexcept override { return open_->memory(); }
  const std::shared_ptr<OpenDevice>& open() const noexcept { return open_; }

 private:
  const std::shared_ptr<OpenDevice> open_;
};

// What a run and the buffers that outlive it share. The stream goes first, its device last.
struct DeviceStream {
  explicit DeviceStream(std::shared_ptr<OpenDevice> from) : device(std::move(from)), stream(device->ordinal()) {}
  std::shared_ptr<OpenDevice> device;
  Stream stream;
};

class CudaBuffer final : public Buffer {
 public:
  CudaBuffer(std::shared_ptr<DeviceStream> owner, size_t bytes) : owner_(std::move(owner)), bytes_(bytes) {
    if (bytes_ == 0) return;
    allocate();
    count();
  }
  ~CudaBuffer() override {
    if (bytes_ == 0) return;
    rest();
    const DeviceScope scope(owner_->device->ordinal(), std::nothrow);
    cuda_succeeded(cudaFreeAsync(data_, owner_->stream.get()));
  }
  void* data() noexcept override { return data_; }
  size_t bytes() const noexcept override { return bytes_; }
  // Nobody uses it for now, so it does not count as live.
  void rest() noexcept {
    if (counted_) owner_->device->memory()->subtract(bytes_);
    counted_ = false;
  }
  // It belongs to another stream from now on; nothing that uses it is queued on the one before.
  void move_to(const std::shared_ptr<DeviceStream>& owner) noexcept {
    owner_ = owner;
    count();
  }

 private:
  void count() noexcept {
    owner_->device->memory()->add(bytes_);
    counted_ = true;
  }
  void allocate() {
    const cudaStream_t stream = owner_->stream.get();
    const cudaMemPool_t pool = owner_->device->pool();
    cudaError_t error = cudaMallocFromPoolAsync(&data_, bytes_, pool, stream);
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      owner_->device->idle().give_up_all();
      // What was freed on other streams comes back once they have come to it, and what the pool keeps may be in pieces
      // that do not fit.
      DS_CUDA_CHECK(owner_->device->ordinal(), cudaDeviceSynchronize());
      DS_CUDA_CHECK(owner_->device->ordinal(), cudaMemPoolTrimTo(pool, 0));
      error = cudaMallocFromPoolAsync(&data_, bytes_, pool, stream);
    }
    check_cuda(error, owner_->device->ordinal(), "cudaMallocFromPoolAsync", __FILE__, __LINE__, bytes_);
  }

  std::shared_ptr<DeviceStream> owner_;
  size_t bytes_;
  bool counted_ = false;
  void* data_ = nullptr;
};

class CudaBackend final : public Backend, private Recorder {
 public:
  explicit CudaBackend(std::shared_ptr<DeviceStream> owner)
      : owner_(std::move(owner)), kit_(owner_->device->kits().take()) {}
  ~CudaBackend() override {
    const DeviceScope scope(ordinal(), std::nothrow);
    // A run that was given up may still be reading the staging memory.
    if (cuda_succeeded(cudaStreamSynchronize(stream()))) owner_->device->kits().give_back(std::move(kit_));
  }

  BufferPtr allocate(size_t bytes) override {
    const DeviceScope scope(ordinal());
    return std::make_unique<CudaBuffer>(owner_, bytes);
  }
  void upload(void* to, const void* from, size_t bytes) override {
    const DeviceScope scope(ordinal());
    kit_->staging.upload(stream(), to, from, bytes);
  }
  void download(void* to, const void* from, size_t bytes) override {
    const DeviceScope scope(ordinal());
    kit_->staging.download(stream(), to, from, bytes);
  }
  void copy(void* to, const void* from, size_t bytes) override {
    if (bytes == 0) return;
    const DeviceScope scope(ordinal());
    DS_CUDA_CHECK(ordinal(), cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream()));
  }
  void combine(const CombineArgs& args) override {
    const DeviceScope scope(ordinal());
    launch_combine(args, {ordinal(), stream()});
  }
  void mixture(const MixtureArgs& args) override {
    const DeviceScope scope(ordinal());
    launch_mixture(args, {ordinal(), stream()});
  }
  void step_done() override {
    const DeviceScope scope(ordinal());
    kit_->step_ends[steps_++ % (kStepsAhead + 1)].record(stream());
  }
  bool ready(uint32_t ahead) override {
    if (steps_ <= ahead) return true;
    const DeviceScope scope(ordinal());
    return kit_->step_ends[(steps_ - 1 - ahead) % (kStepsAhead + 1)].reached();
  }
  void finish() override {
    const DeviceScope scope(ordinal());
    DS_CUDA_CHECK(ordinal(), cudaStreamSynchronize(stream()));
  }
  bool host_memory() const noexcept override { return false; }
  Recorder* recorder() noexcept override { return this; }

 private:
  std::unique_ptr<Workspace> take(const std::vector<uint64_t>& shape) override {
    std::unique_ptr<Workspace> workspace = owner_->device->idle().take(shape);
    if (workspace) {
      workspace->each_buffer([&](Buffer& buffer) { static_cast<CudaBuffer&>(buffer).move_to(owner_); });
    }
    return workspace;
  }
  void keep(std::unique_ptr<Workspace> workspace) noexcept override {
    const DeviceScope scope(ordinal(), std::nothrow);
    // Whoever takes it next works on another stream. What is given up here is freed in the order of this one.
    if (!cuda_succeeded(cudaStreamSynchronize(stream()))) return;
    workspace->each_buffer([](Buffer& buffer) { static_cast<CudaBuffer&>(buffer).rest(); });
    owner_->device->idle().give_back(std::move(workspace));
  }
  void advance(StepCursor* cursor, const StepCursor* entries) override {
    const DeviceScope scope(ordinal());
    launch_advance(cursor, entries, {ordinal(), stream()});
  }
  RecordingPtr record(const std::function<void()>& queue) override {
    const DeviceScope scope(ordinal());
    return record_graph(ordinal(), stream(), queue);
  }
  void replay(Recording& recording) override {
    const DeviceScope scope(ordinal());
    static_cast<CudaRecording&>(recording).exec.launch(stream());
  }

  int ordinal() const noexcept { return owner_->device->ordinal(); }
  cudaStream_t stream() const noexcept { return owner_->stream.get(); }

  std::shared_ptr<DeviceStream> owner_;
  std::unique_ptr<RunKit> kit_;
  uint64_t steps_ = 0;
};

}  // namespace

std::shared_ptr<CudaDevice> open_cuda_device(int ordinal) {
  const CudaState state = cuda_state();
  if (state.code != 0) throw Failure(FailureCode::kCuda, state.message);
  if (ordinal < 0 || static_cast<size_t>(ordinal) >= state.devices.size()) {
    throw Failure(FailureCode::kCuda, "expected a CUDA device below " + std::to_string(state.devices.size()) +
                                          " but received " + std::to_string(ordinal));
  }
  require_usable(ordinal);
  const DeviceScope scope(ordinal);
  int pools = 0;
  DS_CUDA_CHECK(ordinal, cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, ordinal));
  if (!pools) {
    throw Failure(FailureCode::kCuda, "CUDA device " + std::to_string(ordinal) +
                                          " has no memory pools (a virtual GPU may lack them). Use device 'cpu'");
  }
  require_kernel_image(ordinal);
  const std::string& name = state.devices[static_cast<size_t>(ordinal)].name;
  return std::make_shared<DeviceHandle>(std::make_shared<OpenDevice>(ordinal, name));
}

void make_current(int ordinal) noexcept { cuda_succeeded(cudaSetDevice(ordinal)); }

std::unique_ptr<Backend> make_cuda_backend(const std::shared_ptr<CudaDevice>& device) {
  std::shared_ptr<OpenDevice> open = std::static_pointer_cast<DeviceHandle>(device)->open();
  require_usable(open->ordinal());
  const DeviceScope scope(open->ordinal());
  return std::make_unique<CudaBackend>(std::make_shared<DeviceStream>(std::move(open)));
}

}  // namespace ds
