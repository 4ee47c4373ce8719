// What the networks of one run that are the same mixture share: its numbers where the device reads them, and scratch
// memory.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../../cuda/failure.h"
#include "gaussian_mixture.h"

namespace ds {

// A copy of `values` in memory of the device.
template <class T>
BufferPtr uploaded(Backend* backend, const std::vector<T>& values) {
  BufferPtr buffer = backend->allocate(values.size() * sizeof(T));
  backend->upload(buffer->data(), values.data(), values.size() * sizeof(T));
  return buffer;
}

// The copy if there is one: a device of the host reads the values where they are.
template <class T>
const T* readable(const BufferPtr& copy, const std::vector<T>& values) {
  return copy ? static_cast<const T*>(copy->data()) : values.data();
}

class MixtureMemory {
 public:
  explicit MixtureMemory(MixturePtr mixture) : mixture_(std::move(mixture)) {}

  const MixturePtr& mixture() const { return mixture_; }

  // Uploads what is not there yet.
  void prepare(Backend* backend, int64_t rows, bool with_classes) {
    const size_t scratch = scratch_bytes(rows);
    if (!scratch_ || scratch_->bytes() != scratch) scratch_ = backend->allocate(scratch);
    if (backend->host_memory()) return;
    if (!weights_) weights_ = uploaded(backend, mixture_->weights);
    if (!means_) means_ = uploaded(backend, mixture_->means);
    if (!deviations_) deviations_ = uploaded(backend, mixture_->deviations);
    if (with_classes && !classes_) classes_ = uploaded(backend, mixture_->classes);
  }

  // After prepare().
  void fill(MixtureArgs* args, bool with_classes) const {
    args->weights = readable(weights_, mixture_->weights);
    args->means = readable(means_, mixture_->means);
    args->deviations = readable(deviations_, mixture_->deviations);
    if (with_classes) args->classes = readable(classes_, mixture_->classes);
    args->scratch = static_cast<float*>(scratch_->data());
  }

  // Moves all buffers to the end of `memory`, as take() expects them in front.
  void release(std::vector<BufferPtr>* memory) {
    for (BufferPtr* each : {&weights_, &means_, &deviations_, &classes_, &scratch_}) {
      memory->push_back(std::move(*each));
    }
  }
  // What another network of this run has taken already stays.
  void take(std::vector<BufferPtr>* memory) {
    size_t i = 0;
    for (BufferPtr* each : {&weights_, &means_, &deviations_, &classes_, &scratch_}) {
      BufferPtr& given = (*memory)[i++];
      if (given) *each = std::move(given);
    }
  }

 private:
  size_t scratch_bytes(int64_t rows) const {
    const auto components = static_cast<int64_t>(mixture_->weights.size());
    const int64_t row_bytes = mixture_row_floats(components) * static_cast<int64_t>(sizeof(float));
    if (rows > std::numeric_limits<int64_t>::max() / row_bytes) {
      throw Failure(FailureCode::kOutOfMemory, "the mixture's scratch memory for " + std::to_string(rows) +
                                                   " rows and " + std::to_string(components) +
                                                   " components is too large");
    }
    return static_cast<size_t>(rows * row_bytes);
  }

  const MixturePtr mixture_;
  BufferPtr weights_, means_, deviations_, classes_, scratch_;
};

}  // namespace ds
