// Which lane tables this processor can run.
#pragma once

#include <string>
#include <vector>

#include "lane_table.h"

namespace ds {

// Slowest first.
std::vector<const LaneTable*> available_lanes();

// Null where the name is unknown or this processor cannot run it.
const LaneTable* find_lanes(const std::string& name);

}  // namespace ds
