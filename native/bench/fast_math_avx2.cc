// Compiled with the flags of these lanes and -ffast-math. Like them, it must define nothing else with external linkage.
#include "fast_math.h"

#if defined(__AVX2__)
#include "../../cuda/combine.h"
#endif

namespace ds {

void fast_math_combine_avx2([[maybe_unused]] const CombineArgs& args) {
#if defined(__AVX2__)
  combine<v8f>(args, whole_pass(args));
#endif
}

}  // namespace ds
