// How a pass over rows of elements is cut, so that several threads can do it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../../cuda/combine_args.h"

namespace ds {

// Pieces of single rows where rows are long, groups of whole rows where they are short.
class PassParts {
 public:
  // Parts are of about `size` elements.
  PassParts(int64_t rows, int64_t elements, int64_t size)
      : rows_(rows),
        elements_(elements),
        piece_(elements <= size ? elements : (share(elements, elements / size) + 63) / 64 * 64),
        pieces_(piece_ == 0 ? 1 : share(elements, piece_)),
        group_(pieces_ > 1 || elements == 0 ? 1 : std::max<int64_t>(1, size / elements)) {}

  int64_t count() const { return share(rows_, group_) * pieces_; }

  CombinePart operator[](int64_t part) const {
    const int64_t row = part / pieces_ * group_, element = part % pieces_ * piece_;
    return {row, std::min(group_, rows_ - row), element, std::min(piece_, elements_ - element), 0};
  }

 private:
  // Rounded up.
  static int64_t share(int64_t count, int64_t by) { return (count + by - 1) / by; }

  int64_t rows_, elements_;
  int64_t piece_;   // elements of one
  int64_t pieces_;  // of a row
  int64_t group_;   // rows of one
};

}  // namespace ds
