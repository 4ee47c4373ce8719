// The same conversions as the combine pass makes.
#include "onnx_halves.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "../../cuda/half.h"

namespace ds {

bool floating(TensorType type, Dtype* dtype) noexcept {
  switch (type) {
    case TensorType::kFloat32:
      *dtype = Dtype::kFloat32;
      return true;
    case TensorType::kFloat16:
      *dtype = Dtype::kFloat16;
      return true;
    case TensorType::kBfloat16:
      *dtype = Dtype::kBfloat16;
      return true;
    case TensorType::kInt32:
    case TensorType::kInt64:
    case TensorType::kOther:
      break;
  }
  return false;
}

void write_as(Dtype dtype, const float* from, size_t count, void* to) noexcept {
  if (dtype == Dtype::kFloat32) {
    if (count > 0) std::memcpy(to, from, count * sizeof(float));
    return;
  }
  auto* halves = static_cast<uint16_t*>(to);
  for (size_t i = 0; i < count; ++i) store_halves(halves + i, narrow(dtype, from[i]));
}

HostTensor narrowed(HostTensor tensor, TensorType type) {
  Dtype dtype;
  if (tensor.type != TensorType::kFloat32 || !floating(type, &dtype) || dtype == Dtype::kFloat32) return tensor;
  const std::vector<uint8_t> floats = std::exchange(tensor.bytes, {});
  const size_t count = floats.size() / sizeof(float);
  tensor.bytes.resize(count * sizeof(uint16_t));
  write_as(dtype, reinterpret_cast<const float*>(floats.data()), count, tensor.bytes.data());
  tensor.type = type;
  return tensor;
}

HostTensor widened(HostTensor tensor) {
  Dtype dtype;
  if (!floating(tensor.type, &dtype) || dtype == Dtype::kFloat32) return tensor;
  const std::vector<uint8_t> halves = std::exchange(tensor.bytes, {});
  const size_t count = halves.size() / sizeof(uint16_t);
  tensor.bytes.resize(count * sizeof(float));
  auto* floats = reinterpret_cast<float*>(tensor.bytes.data());
  const auto* from = reinterpret_cast<const uint16_t*>(halves.data());
  for (size_t i = 0; i < count; ++i) floats[i] = widen<float>(dtype, load_halves<uint32_t>(from + i));
  tensor.type = TensorType::kFloat32;
  return tensor;
}

}  // namespace ds
