// Exact velocity of an isotropic Gaussian mixture on the SiT path: arguments shared by both backends.
#pragma once

#include <stdint.h>

namespace ds {

struct MixtureArgs {
  int64_t rows;
  int64_t elements;
  int32_t components;
  const float* weights;     // [components], sum 1
  const float* means;       // [components, elements]
  const float* deviations;  // [components]
  const float* input;       // [rows, elements]
  const float* times;       // [rows]
  float* output;            // [rows, elements]
  float* scratch;           // mixture_scratch_floats(rows, components) floats
};

// 32 partial sums and two weights for each row and component.
constexpr int64_t kMixturePartials = 32;
constexpr int64_t mixture_scratch_floats(int64_t rows, int64_t components) {
  return rows * components * (kMixturePartials + 2);
}

}  // namespace ds
