// The CPU's backend, for tests that override what they watch.
#pragma once

#include <memory>

#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"

namespace ds {

class WatchedBackend : public Backend {
 public:
  BufferPtr allocate(size_t bytes) override { return inner_->allocate(bytes); }
  void upload(void* to, const void* from, size_t bytes) override { inner_->upload(to, from, bytes); }
  void download(void* to, const void* from, size_t bytes) override { inner_->download(to, from, bytes); }
  void copy(void* to, const void* from, size_t bytes) override { inner_->copy(to, from, bytes); }
  void combine(const CombineArgs& args) override { inner_->combine(args); }
  void mixture(const MixtureArgs& args) override { inner_->mixture(args); }
  void step_done() override { inner_->step_done(); }
  bool ready(uint32_t ahead) override { return inner_->ready(ahead); }
  void finish() override { inner_->finish(); }
  bool host_memory() const noexcept override { return inner_->host_memory(); }

 private:
  std::unique_ptr<Backend> inner_ = make_cpu_backend(kScalarLanes, std::make_shared<HostMemory>());
};

}  // namespace ds
