// The formulas sixteen floats at a time. Compiled with the flags of lanes_avx2.cc and -mavx512f, and like it must
// define nothing else with external linkage.
#include "lanes_of.h"

namespace ds {

const LaneTable kAvx512Lanes = lanes_of<v16f>("avx512");

}  // namespace ds
