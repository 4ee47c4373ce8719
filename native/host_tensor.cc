// Shapes are multiplied with care: a product that wraps would pass for a small one.
#include "host_tensor.h"

#include <cstring>

#include "environment.h"
#include "js_error.h"

namespace ds {
namespace {

constexpr int64_t kMaxDimension = (int64_t{1} << 53) - 1;

template <typename T>
size_t copy_bytes(const Field& data, HostTensor* tensor) {
  const std::vector<T> values = data.array<T>();
  tensor->bytes.resize(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(tensor->bytes.data(), values.data(), tensor->bytes.size());
  return values.size();
}

size_t read_data(const Field& data, HostTensor* tensor) {
  if (data.value().IsTypedArray()) {
    switch (data.value().As<Napi::TypedArray>().TypedArrayType()) {
      case napi_float32_array:
        tensor->type = TensorType::kFloat32;
        return copy_bytes<float>(data, tensor);
      case napi_int32_array:
        tensor->type = TensorType::kInt32;
        return copy_bytes<int32_t>(data, tensor);
      case napi_bigint64_array:
        tensor->type = TensorType::kInt64;
        return copy_bytes<int64_t>(data, tensor);
      default:
        break;
    }
  }
  data.refuse("a Float32Array, an Int32Array or a BigInt64Array");
}

HostTensor read_host_tensor(const Field& input, const std::string& name) {
  HostTensor tensor;
  tensor.name = name;
  const size_t count = read_data(input.get("data"), &tensor);
  const Field shape = input.get("shape");
  tensor.shape = shape.integers(0, kMaxDimension);
  size_t product = 1;
  bool fits = true;
  for (const int64_t dimension : tensor.shape) {
    fits = fits && !__builtin_mul_overflow(product, static_cast<size_t>(dimension), &product);
  }
  if (!fits || product != count) shape.refuse("a shape of " + std::to_string(count) + " elements");
  return tensor;
}

}  // namespace

std::vector<HostTensor> read_host_tensors(const Field& inputs) {
  std::vector<HostTensor> tensors;
  const Napi::Array names = inputs.object().GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = Napi::Value(names.Get(i)).ToString().Utf8Value();
    tensors.push_back(read_host_tensor(inputs.get(name.c_str()), name));
  }
  return tensors;
}

Napi::Array write_shape(Napi::Env env, const std::vector<int64_t>& shape) {
  Napi::Array array = Napi::Array::New(env);
  for (uint32_t i = 0; i < shape.size(); ++i) array.Set(i, static_cast<double>(shape[i]));
  return array;
}

Napi::Value write_host_tensor(Napi::Env env, const HostTensor& tensor) {
  napi_typedarray_type type = napi_float32_array;
  size_t width = 4;
  switch (tensor.type) {
    case TensorType::kFloat32:
      break;
    case TensorType::kInt32:
      type = napi_int32_array;
      break;
    case TensorType::kInt64:
      type = napi_bigint64_array;
      width = 8;
      break;
    case TensorType::kFloat16:
    case TensorType::kBfloat16:
    case TensorType::kOther:
      throw js_error(env, "MODEL", "Expected float32, int32 or int64 for the output '" + tensor.name + "'");
  }
  const Napi::Value data = Environment::of(env).new_array(env, type, tensor.bytes.size() / width);
  if (!tensor.bytes.empty()) {
    void* to = nullptr;
    if (napi_get_typedarray_info(env, data, nullptr, nullptr, &to, nullptr, nullptr) != napi_ok) {
      throw Napi::Error::New(env);
    }
    std::memcpy(to, tensor.bytes.data(), tensor.bytes.size() / width * width);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("data", data);
  object.Set("shape", write_shape(env, tensor.shape));
  return object;
}

}  // namespace ds
