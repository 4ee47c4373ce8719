// Compiled with the AVX2 lanes' flags and -ffast-math. Like them, it must define nothing else with external linkage.
#include "fast_math.h"

#if defined(__AVX2__)
#include "../../cuda/combine.h"
#endif

namespace ds {

#if defined(__AVX2__)
bool fast_math_usable() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
void fast_math_combine(const CombineArgs& args) { combine<v8f>(args, whole_pass(args)); }
#else
bool fast_math_usable() { return false; }
void fast_math_combine(const CombineArgs&) {}
#endif

}  // namespace ds
