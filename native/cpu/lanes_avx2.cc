// The formulas eight floats at a time. Compiled with -mavx2 -mfma -mf16c on its own, so it must define nothing but the
// table with external linkage: the linker could give an inline function made here to code for older processors.
#include "lanes_of.h"

namespace ds {

const LaneTable kAvx2Lanes = lanes_of<v8f>("avx2");

}  // namespace ds
