// The combine pass once more, compiled with -ffast-math: what exact arithmetic costs. For measurements only.
// Includes no C++ library header: see cuda/combine_args.h.
#pragma once

#include "../../cuda/combine_args.h"

namespace ds {

// Each for the lanes of its name; does nothing where the compiler makes no such code.
void fast_math_combine_avx2(const CombineArgs& args);
void fast_math_combine_avx512(const CombineArgs& args);

}  // namespace ds
