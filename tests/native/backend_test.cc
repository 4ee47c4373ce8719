// The CPU backend's memory, and what CUDA's error codes are told as.
#include <limits>
#include <memory>
#include <set>
#include <string>

#include "../../cuda/cuda_devices.h"
#include "../../cuda/failure.h"
#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "engine_test.h"

namespace ds {

void test_memory() {
  const auto count = std::make_shared<MemoryCount>();
  const auto backend = make_cpu_backend(kScalarLanes, count);
  {
    const BufferPtr a = backend->allocate(1000), nothing = backend->allocate(0);
    check(count->live_bytes == 1000 && nothing->bytes() == 0, "live bytes are what is held");
  }
  check(count->live_bytes == 0 && count->peak_bytes == 1000, "the peak stays");
  FailureCode code = FailureCode::kInternal;
  std::string message;
  try {
    backend->allocate(std::numeric_limits<size_t>::max() - 10);
  } catch (const Failure& failure) {
    code = failure.code;
    message = failure.what();
  }
  check(code == FailureCode::kOutOfMemory && message.find("18446744073709551605") != std::string::npos,
        "running out of memory names the bytes");
  check(count->live_bytes == 0, "what was not given is not counted");
}

void test_cuda_problems() {
  const auto reason = [](int code, int driver) { return cuda_problem(code, "cudaErrorSome", driver, 13000).reason; };
  check(reason(0, 13000).empty() && cuda_problem(0, "", 0, 0).remedy.empty(), "success is no problem");
  check(reason(35, 0) == "no NVIDIA driver was found", "35 without a driver");
  check(reason(35, 12040).find("supports CUDA 12.4, but this build needs CUDA 13.0") != std::string::npos,
        "35 with an old driver");
  check(reason(100, 13000).find("no device") != std::string::npos, "100: no device");
  std::set<std::string> told;
  for (const int code : {-1, 34, 35, 36, 100, 802, 803, 804, 304, 999}) {
    const CudaProblem problem = cuda_problem(code, "cudaErrorSome", 13000, 13000);
    check(told.insert(problem.reason).second, "each code has a reason of its own: " + problem.reason);
    check(!problem.remedy.empty() && problem.remedy.back() == '.', "each code has a remedy, as a sentence");
  }
  for (const int code : {802, 803, 804}) {
    check(reason(code, 13000).find("do not match") != std::string::npos, "80x: mismatch");
  }
  check(reason(999, 13000).find("CUDA error 999, cudaErrorSome") != std::string::npos, "others are named");
  const CudaState state = cuda_state();
  check((state.code == 0) == state.message.empty(), "a CUDA that is not there says why");
}

}  // namespace ds
