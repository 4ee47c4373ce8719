// Which lane tables this processor can run.
#include "cpu_features.h"

namespace ds {

std::vector<const LaneTable*> available_lanes() {
  std::vector<const LaneTable*> lanes{&kScalarLanes};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) lanes.push_back(&kAvx2Lanes);
  if (__builtin_cpu_supports("avx512f")) lanes.push_back(&kAvx512Lanes);
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
