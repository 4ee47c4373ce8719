// The formulas four floats at a time, on every aarch64.
#include "lanes_of.h"

#ifdef __aarch64__

namespace ds {

const LaneTable kNeonLanes = lanes_of<v4f>("neon");

}  // namespace ds

#endif
