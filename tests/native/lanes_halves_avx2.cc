// Sixteen lanes without AVX-512, for the test of their bits: two halves of eight.
#include "../../native/cpu/lanes_of.h"

namespace ds {

extern const LaneTable kSixteenInHalves;
const LaneTable kSixteenInHalves = lanes_of<v16f>("sixteen in halves");

}  // namespace ds
