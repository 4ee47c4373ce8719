// The table of one run: everything that the device needs besides the buffers, uploaded once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend.h"
#include "plan.h"

namespace ds {

class RunTable {
 public:
  RunTable() = default;
  RunTable(const Plan& plan, Backend* backend);

  // In the backend's memory.
  const int64_t* row_offsets() const { return at<int64_t>(offsets_at_); }
  const uint32_t* row_class() const { return at<uint32_t>(class_at_); }
  const uint64_t* seeds() const { return at<uint64_t>(seeds_at_); }
  unsigned long long* status() const { return at<unsigned long long>(status_at_); }
  const uint32_t* words(size_t entry) const { return at<uint32_t>(words_at_) + words_begin_[entry]; }
  const float* times(size_t entry, uint32_t time) const { return at<float>(times_at_) + times_begin(entry, time); }
  // The same in host memory, for networks that want it there.
  const float* host_times(size_t entry, uint32_t time) const { return host_times_.data() + times_begin(entry, time); }

 private:
  void expand_times(const Plan& plan);
  size_t times_begin(size_t entry, uint32_t time) const { return times_begin_[entry] + time * rows_; }
  template <class T>
  T* at(size_t offset) const {
    return reinterpret_cast<T*>(static_cast<unsigned char*>(memory_->data()) + offset);
  }

  size_t rows_ = 0;
  BufferPtr memory_;
  size_t offsets_at_ = 0, class_at_ = 0, seeds_at_ = 0, status_at_ = 0, words_at_ = 0, times_at_ = 0;
  std::vector<float> host_times_;    // [entry][time][rows]
  std::vector<size_t> words_begin_;  // of each entry
  std::vector<size_t> times_begin_;  // of each entry
};

}  // namespace ds
