// Which lane tables this processor can run.
#include "cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ds {

#if defined(__x86_64__)
namespace {

// Which compilers do not all know by name.
bool converts_float16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

}  // namespace
#endif

std::vector<const LaneTable*> available_lanes() {
  std::vector<const LaneTable*> lanes{&kScalarLanes};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && converts_float16()) {
    lanes.push_back(&kAvx2Lanes);
    // Whose source is compiled for all of these.
    if (__builtin_cpu_supports("avx512f")) lanes.push_back(&kAvx512Lanes);
  }
#elif defined(__aarch64__)
  lanes.push_back(&kNeonLanes);
#endif
  return lanes;
}

const LaneTable* find_lanes(const std::string& name) {
  for (const LaneTable* lanes : available_lanes()) {
    if (name == lanes->name) return lanes;
  }
  return nullptr;
}

}  // namespace ds
