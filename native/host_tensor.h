// NativeInput objects to host tensors, and back.
#pragma once

#include <napi.h>

#include <vector>

#include "js_field.h"
#include "onnx/onnx_session.h"

namespace ds {

// An object of NativeInput by name. Copies.
std::vector<HostTensor> read_host_tensors(const Field& inputs);
// Copies.
Napi::Value write_host_tensor(Napi::Env env, const HostTensor& tensor);
Napi::Array write_shape(Napi::Env env, const std::vector<int64_t>& shape);

}  // namespace ds
