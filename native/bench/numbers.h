// Memory full of unit normals.
#pragma once

#include <cstddef>
#include <vector>

#include "../../cuda/backend.h"
#include "../../cuda/dtype.h"

namespace ds {

BufferPtr normals_on(Backend* backend, size_t count, Dtype dtype = Dtype::kFloat32);

// Adds what a buffer holds; waits for it.
void append_bytes(Backend* backend, Buffer* buffer, std::vector<unsigned char>* to);

}  // namespace ds
