// What went wrong, as data that crosses threads.
#pragma once

#include <cstdint>
#include <string>

#include "../cuda/failure.h"

namespace ds {

struct FailureReport {
  FailureCode code = FailureCode::kInternal;
  std::string message;
  int64_t step = -1;  // the rest: kNumerical only
  int64_t row = -1;
  int32_t evaluator = -1;
};

// Neither throws, even without memory for the message.
FailureReport report(FailureCode code, const char* message) noexcept;
// The exception being handled, of whatever type.
FailureReport report_current() noexcept;

}  // namespace ds
