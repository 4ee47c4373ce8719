// Unit normals, made once on the host.
#include "numbers.h"

#include <algorithm>
#include <vector>

#include "../cpu/cpu_features.h"

namespace ds {

BufferPtr normals_on(Backend* backend, size_t count, Dtype dtype) {
  constexpr size_t kChunk = 1u << 20;
  const LaneTable& lanes = *available_lanes().back();
  std::vector<float> chunk(std::min(count, kChunk));
  lanes.normals(1, 2, 3, 0, chunk.size(), chunk.data());
  const void* from = chunk.data();
  std::vector<uint16_t> halves;
  if (dtype != Dtype::kFloat32) {
    halves.resize(chunk.size());
    lanes.narrow(dtype, chunk.data(), chunk.size(), halves.data());
    from = halves.data();
  }
  const auto width = static_cast<size_t>(dtype_bytes(dtype));
  BufferPtr buffer = backend->allocate(count * width);
  auto* to = static_cast<unsigned char*>(buffer->data());
  for (size_t done = 0; done < count; done += kChunk) {
    backend->upload(to + done * width, from, std::min(kChunk, count - done) * width);
  }
  return buffer;
}

void append_bytes(Backend* backend, Buffer* buffer, std::vector<unsigned char>* to) {
  const size_t before = to->size();
  to->resize(before + buffer->bytes());
  if (buffer->bytes() > 0) backend->download(to->data() + before, buffer->data(), buffer->bytes());
}

}  // namespace ds
