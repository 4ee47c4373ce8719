// A result, or data to start from: one allocation of a device, shared by whoever still needs it.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "../cuda/backend.h"

namespace ds {

class Device;

struct TensorData {
  TensorData(const Device* owner, BufferPtr memory, size_t float_count)
      : device(owner), buffer(std::move(memory)), count(float_count) {}

  const Device* device;  // for comparison only
  BufferPtr buffer;
  size_t count;  // floats
};

}  // namespace ds
