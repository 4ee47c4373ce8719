// The networks of a plan, bound to their conditioning for one run.
#pragma once

#include <memory>
#include <vector>

#include "../cuda/network.h"
#include "../cuda/plan.h"
#include "js_field.h"

namespace ds {

// One entry per evaluator of the plan, null for JavaScript.
std::vector<std::unique_ptr<Evaluator>> read_evaluators(const Field& evaluators, const Plan& plan);

}  // namespace ds
