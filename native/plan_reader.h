// From a NativePlan object to a plan that is safe to run.
#pragma once

#include <napi.h>

#include <vector>

#include "../cuda/plan.h"
#include "js_field.h"

namespace ds {

constexpr const char* kInvalidPlan = "ERR_INVALID_PLAN";

// Throws a TypeError with code ERR_INVALID_PLAN that names the field. `plan.evaluators` is only counted here.
// `starts` are the slots that the caller fills.
Plan read_plan(const Field& plan, std::vector<uint32_t> starts);

}  // namespace ds
