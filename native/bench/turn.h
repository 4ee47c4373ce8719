// A piece of work that is measured as a task of its device, whose other threads lend a hand as they would to a run.
#pragma once

#include <functional>

#include "../executor.h"

namespace ds {

// Seconds of `work` on a thread of `executor`. Throws what it threw.
double measure_turn(Executor& executor, const std::function<void()>& work);

}  // namespace ds
