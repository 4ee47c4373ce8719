// Float32 values on the host as float16 and bfloat16 ports of a model take and give them.
#pragma once

#include <cstddef>
#include <vector>

#include "../../cuda/dtype.h"
#include "onnx_session.h"

namespace ds {

// Whether a port of this type may carry the state, a time or a prediction; then `dtype` is how its numbers lie in
// memory.
bool floating(TensorType type, Dtype* dtype) noexcept;

// `count` numbers as elements of `dtype`, rounded to nearest even.
void write_as(Dtype dtype, const float* from, size_t count, void* to) noexcept;

// A float32 tensor as a tensor of `type`, where that is float16 or bfloat16; any other as it is.
HostTensor narrowed(HostTensor tensor, TensorType type);
// A float16 or bfloat16 tensor as float32; any other as it is.
HostTensor widened(HostTensor tensor);

}  // namespace ds
