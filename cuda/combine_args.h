// What one combine pass needs, as plain data: read by the host, the CPU lanes and the CUDA kernel alike.
// Includes no C++ library header, because code compiled for newer processors must share no inline function with others.
#pragma once

#include <stdint.h>

#include "dtype.h"
#include "step_cursor.h"

namespace ds {

constexpr int kMaxTerms = 16;
constexpr int kMaxOutputs = 8;

// A term as the kernel reads it.
struct CombineTerm {
  const void* base;   // elements of `dtype`; null: unit normals
  uint32_t draw;      // noise only: word of the record that holds the draw index
  int32_t evaluator;  // who wrote the buffer, or -1
  Dtype dtype;
};

struct CombineOutput {
  void* base;        // elements of `dtype`, to which the float32 result is rounded
  uint32_t derived;  // 1: coefficient x (output 0 after rounding), which then is float32
  Dtype dtype;
};

// Everything that one combine launch needs; passed by value (`__grid_constant__` on CUDA).
// The record of row r starts at words[row_class[r] * stride]. Coefficients (float bits) start at its word `first_word`
// and follow output by output: one per term, or a single one for a derived output.
// On a device every base is aligned to 16 bytes; rows need not be.
struct CombineArgs {
  int64_t rows;
  int64_t elements;            // of one row
  const int64_t* row_offsets;  // first element of each row in every buffer
  const uint32_t* row_class;
  const uint64_t* seeds;
  const uint32_t* words;  // record of this entry
  uint32_t stride;        // words per row class
  uint32_t first_word;
  uint32_t entry;  // of the sequence, for the status word
  uint32_t pass;   // stage within the entry, for the status word
  int32_t term_count;
  int32_t output_count;
  CombineTerm terms[kMaxTerms];
  CombineOutput outputs[kMaxOutputs];
  unsigned long long* status;  // smallest packed status so far
  // Not null in a step that is replayed: the record lies `cursor->words` words further on, and the cursor has the
  // entry.
  const StepCursor* cursor;
};

// What a host does of a pass at once: of `rows` rows from `first_row` on, `elements` elements from `first_element` on,
// which is a multiple of 64, so that no tile is cut. Rows and elements keep their numbers of the whole pass.
// `past_caches` has a bit for each output, of float32, that nobody reads while caches would still have it.
struct CombinePart {
  int64_t first_row, rows, first_element, elements;
  uint32_t past_caches;
};

static inline CombinePart whole_pass(const CombineArgs& args) { return {0, args.rows, 0, args.elements, 0}; }

}  // namespace ds
