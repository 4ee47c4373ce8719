// Compiled with the flags of these lanes and -ffast-math. Like them, it must define nothing else with external linkage.
#include "fast_math.h"

#if defined(__AVX512F__)
#include "../../cuda/combine.h"
#endif

namespace ds {

void fast_math_combine_avx512([[maybe_unused]] const CombineArgs& args) {
#if defined(__AVX512F__)
  combine<v16f>(args, whole_pass(args));
#endif
}

}  // namespace ds
