// Turns any exception into a report, so that none leaves a thread.
#include "failure_report.h"

#include <exception>
#include <new>

namespace ds {
namespace {

// Short enough for std::string not to allocate.
constexpr const char* kNoMemory = "Out of memory";

}  // namespace

FailureReport report(FailureCode code, const char* message) noexcept {
  FailureReport made;
  made.code = code;
  try {
    made.message = message;
  } catch (...) {
    made.message = kNoMemory;
  }
  return made;
}

FailureReport report_current() noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
    return report(failure.code, failure.what());
  } catch (const std::bad_alloc&) {
    return report(FailureCode::kOutOfMemory, kNoMemory);
  } catch (const std::exception& error) {
    return report(FailureCode::kInternal, error.what());
  } catch (...) {
    return report(FailureCode::kInternal, "An unknown exception");
  }
}

}  // namespace ds
