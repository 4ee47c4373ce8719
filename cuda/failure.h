// The one exception of the engine: a code that TypeScript turns into a typed error, and a sentence.
#pragma once

#include <stdexcept>
#include <string>

namespace ds {

enum class FailureCode { kAborted, kNumerical, kOutOfMemory, kCuda, kModel, kInternal };

struct Failure : std::runtime_error {
  Failure(FailureCode failure_code, const std::string& message) : std::runtime_error(message), code(failure_code) {}
  FailureCode code;
};

}  // namespace ds
