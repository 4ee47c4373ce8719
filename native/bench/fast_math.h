// The combine pass once more, compiled with -ffast-math: what exact arithmetic costs. For measurements only.
// Includes no C++ library header: see cuda/combine_args.h.
#pragma once

#include "../../cuda/combine_args.h"

namespace ds {

bool fast_math_usable();
void fast_math_combine(const CombineArgs& args);

}  // namespace ds
