// The table of one run. Host code only.
#include "run_table.h"

#include <cstring>

namespace ds {
namespace {

// Host image of the table: built whole, so that it travels once.
class Image {
 public:
  template <class T>
  size_t add(const T* data, size_t count) {
    const size_t offset = (bytes_.size() + 255) & ~size_t{255};
    bytes_.resize(offset + count * sizeof(T));
    if (count > 0) std::memcpy(bytes_.data() + offset, data, count * sizeof(T));
    return offset;
  }
  const std::vector<unsigned char>& bytes() const { return bytes_; }

 private:
  std::vector<unsigned char> bytes_;
};

}  // namespace

RunTable::RunTable(const Plan& plan, Backend* backend) : rows_(static_cast<size_t>(plan.rows)) {
  expand_times(plan);
  std::vector<int64_t> offsets(rows_);
  for (size_t r = 0; r < rows_; ++r) offsets[r] = static_cast<int64_t>(r) * plan.elements;
  Image image;
  status_at_ = image.add(&kStatusClean, 1);
  offsets_at_ = image.add(offsets.data(), offsets.size());
  seeds_at_ = image.add(plan.seeds.data(), plan.seeds.size());
  class_at_ = image.add(plan.row_class.data(), plan.row_class.size());
  words_at_ = image.add(plan.words.data(), plan.words.size());
  times_at_ = image.add(host_times_.data(), host_times_.size());
  memory_ = backend->allocate(image.bytes().size());
  backend->upload(memory_->data(), image.bytes().data(), image.bytes().size());
}

void RunTable::expand_times(const Plan& plan) {
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
