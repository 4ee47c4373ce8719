// An isotropic Gaussian mixture as an exact network: arguments shared by both backends.
#pragma once

#include <stdint.h>

#include "step_cursor.h"

namespace ds {

enum class MixtureKind : int32_t {
  kSit,  // input x, time t, output the velocity
  kEdm,  // input c_in x, time ln(sigma) / 4, output F of Karras' preconditioning
};

struct MixtureArgs {
  MixtureKind kind;
  int32_t components;
  double sigma_data;  // kEdm only
  int64_t rows;
  int64_t elements;
  const float* weights;      // [components], any scale; a component without weight does not count
  const float* means;        // [components, elements]
  const float* deviations;   // [components]
  const int32_t* classes;    // [components]
  const int32_t* labels;     // [rows]: of which class a row sees the components, -1 for all; null: all rows see all
  const float* input;        // [rows, elements]
  const float* times;        // [rows]
  float* output;             // [rows, elements]
  float* scratch;            // mixture_scratch_floats(rows, components) floats
  const StepCursor* cursor;  // not null in a step that is replayed: times lie `cursor->times` floats further on
};

// 32 partial sums and two weights for each row and component, and two floats more for each row.
constexpr int64_t kMixturePartials = 32;
constexpr int64_t mixture_row_floats(int64_t components) { return components * (kMixturePartials + 2) + 2; }
constexpr int64_t mixture_scratch_floats(int64_t rows, int64_t components) {
  return rows * mixture_row_floats(components);
}

}  // namespace ds
