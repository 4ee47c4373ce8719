// Whether networks fit the calls that a plan makes of them.
#pragma once

#include "workspace.h"

namespace ds {

// Throws Failure(kModel) where the plan calls a network with another number of times, or in another dtype, than it has.
// Null stands for a foreign one. `plan` has passed check_plan.
void check_evaluators(const Plan& plan, const Evaluators& evaluators);

}  // namespace ds
