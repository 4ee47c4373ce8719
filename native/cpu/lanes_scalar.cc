// The formulas one float at a time: for every processor, and the reference that other lanes must equal bit for bit.
#include "lanes_of.h"

namespace ds {

const LaneTable kScalarLanes = lanes_of<float>("scalar");

}  // namespace ds
