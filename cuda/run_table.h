// The table of one run: everything that the device needs besides the buffers, uploaded once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend.h"
#include "plan.h"
#include "step_cursor.h"

namespace ds {

class RunTable {
 public:
  // Uploads what `plan` says, in the place of an earlier plan of the same shape if there was one; with a cursor for
  // each program where steps are replayed.
  void fill(const Plan& plan, bool cursors, Backend* backend);

  // In the backend's memory.
  const int64_t* row_offsets() const { return at<int64_t>(offsets_at_); }
  const uint32_t* row_class() const { return at<uint32_t>(class_at_); }
  const uint64_t* seeds() const { return at<uint64_t>(seeds_at_); }
  unsigned long long* status() const { return at<unsigned long long>(status_at_); }
  const uint32_t* words(size_t entry) const { return at<uint32_t>(words_at_) + words_begin_[entry]; }
  const float* times(size_t entry, uint32_t time) const { return at<float>(times_at_) + times_begin(entry, time); }
  StepCursor* cursor(uint32_t program) const { return at<StepCursor>(cursors_at_) + program; }
  const StepCursor* cursor_entries() const { return at<StepCursor>(entries_at_); }
  // The same times in host memory, for networks that want them there.
  const float* host_times(size_t entry, uint32_t time) const { return host_times_.data() + times_begin(entry, time); }

  // Null before the first plan.
  const BufferPtr& memory() const { return memory_; }

 private:
  void expand_times(const Plan& plan);
  std::vector<StepCursor> cursor_entries_of(const Plan& plan) const;
  size_t times_begin(size_t entry, uint32_t time) const { return times_begin_[entry] + time * rows_; }
  template <class T>
  T* at(size_t offset) const {
    return reinterpret_cast<T*>(static_cast<unsigned char*>(memory_->data()) + offset);
  }

  size_t rows_ = 0;
  BufferPtr memory_;
  size_t offsets_at_ = 0, class_at_ = 0, seeds_at_ = 0, status_at_ = 0, words_at_ = 0, times_at_ = 0;
  size_t cursors_at_ = 0, entries_at_ = 0;
  std::vector<float> host_times_;    // [entry][time][rows]
  std::vector<size_t> words_begin_;  // of each entry
  std::vector<size_t> times_begin_;  // of each entry
};

}  // namespace ds
