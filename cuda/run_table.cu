// The table of one run. Host code only.
#include "run_table.h"

#include <cstring>

#include "failure.h"

namespace ds {
namespace {

// What the table consists of, and where each part will be.
class Parts {
 public:
  template <class T>
  size_t add(const T* data, size_t count) {
    const size_t at = (bytes_ + 255) & ~size_t{255};
    parts_.push_back({data, count * sizeof(T), at});
    bytes_ = at + count * sizeof(T);
    return at;
  }
  size_t bytes() const { return bytes_; }
  void write(unsigned char* to) const {
    for (const Part& part : parts_) {
      if (part.bytes > 0) std::memcpy(to + part.at, part.data, part.bytes);
    }
  }

 private:
  struct Part {
    const void* data;
    size_t bytes, at;
  };
  std::vector<Part> parts_;
  size_t bytes_ = 0;
};

}  // namespace

void RunTable::fill(const Plan& plan, bool cursors, Backend* backend) {
  rows_ = static_cast<size_t>(plan.rows);
  expand_times(plan);
  std::vector<int64_t> offsets(rows_);
  for (size_t r = 0; r < rows_; ++r) offsets[r] = static_cast<int64_t>(r) * plan.elements;
  Parts parts;
  status_at_ = parts.add(&kStatusClean, 1);
  offsets_at_ = parts.add(offsets.data(), offsets.size());
  seeds_at_ = parts.add(plan.seeds.data(), plan.seeds.size());
  class_at_ = parts.add(plan.row_class.data(), plan.row_class.size());
  words_at_ = parts.add(plan.words.data(), plan.words.size());
  times_at_ = parts.add(host_times_.data(), host_times_.size());
  std::vector<StepCursor> entries;
  if (cursors) {
    entries = cursor_entries_of(plan);
    entries_at_ = parts.add(entries.data(), plan.sequence.size());
    cursors_at_ = parts.add(entries.data() + plan.sequence.size(), plan.programs.size());
  }
  if (!memory_) memory_ = backend->allocate(parts.bytes());
  if (memory_->bytes() != parts.bytes()) {
    throw Failure(FailureCode::kInternal, "a run's table does not fit the workspace that an earlier run has left");
  }
  if (backend->host_memory()) {
    parts.write(static_cast<unsigned char*>(memory_->data()));
    return;
  }
  // Built whole, so that it travels once.
  std::vector<unsigned char> image(parts.bytes());
  parts.write(image.data());
  backend->upload(memory_->data(), image.data(), image.size());
}

// One for each entry of the sequence, then one for each program, which has not come to its first entry yet.
std::vector<StepCursor> RunTable::cursor_entries_of(const Plan& plan) const {
  const size_t entries = plan.sequence.size();
  std::vector<StepCursor> cursors(entries + plan.programs.size());
  for (size_t entry = entries; entry-- > 0;) {
    StepCursor& of_program = cursors[entries + plan.sequence[entry]];
    cursors[entry] = {words_begin_[entry], times_begin_[entry], static_cast<uint32_t>(entry), of_program.next};
    of_program.next = static_cast<uint32_t>(entry);
  }
  return cursors;
}

void RunTable::expand_times(const Plan& plan) {
  host_times_.clear(), words_begin_.clear(), times_begin_.clear();
  size_t words = 0, times = 0;
  for (const uint32_t p : plan.sequence) {
    words_begin_.push_back(words);
    times_begin_.push_back(times);
    words += static_cast<size_t>(plan.programs[p].words) * plan.classes;
    times += static_cast<size_t>(plan.programs[p].times) * rows_;
  }
  // A program has as many times as it likes, and without rows there is nothing to expand them to.
  if (rows_ == 0) return;
  host_times_.reserve(times);
  const float* from = plan.times.data();
  for (const uint32_t p : plan.sequence) {
    for (uint32_t t = 0; t < plan.programs[p].times; ++t, from += plan.classes) {
      for (const uint32_t c : plan.row_class) host_times_.push_back(from[c]);
    }
  }
}

}  // namespace ds
