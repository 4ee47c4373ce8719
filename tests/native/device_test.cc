// A device without JavaScript: what it keeps, and until when.
#include "../../native/device.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine_test.h"

namespace ds {
namespace {

// Whether there is memory of this process.
bool is_mapped(const void* address) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  return msync(reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(address) / page * page), page, MS_ASYNC) == 0;
}

}  // namespace

void test_closed_device() {
  const std::unique_ptr<Device> device = Device::open_cpu(1, "scalar");
  const std::vector<float> values(size_t{1} << 21, 0.5f);
  std::shared_ptr<TensorData> tensor = device->upload(values.data(), values.size());
  const void* const kept = device->upload(values.data(), values.size())->buffer->data();
  check(is_mapped(kept), "an open device keeps what a tensor gives back");
  device->close();
  check(!is_mapped(kept), "a closed device keeps nothing, though a tensor of it lives");

  const void* const last = tensor->buffer->data();
  check(same_bits(static_cast<const float*>(last), values.data(), values.size()), "the tensor has its values still");
  tensor.reset();
  check(!is_mapped(last), "nor is kept what is given back later");
}

}  // namespace ds
