// The formulas sixteen floats at a time. Compiled with -mavx512f on its own, and like lanes_avx2.cc must define nothing
// else with external linkage.
#include "lanes_of.h"

namespace ds {

const LaneTable kAvx512Lanes = lanes_of<v16f>("avx512");

}  // namespace ds
