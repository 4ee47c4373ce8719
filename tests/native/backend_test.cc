// The CPU backend's memory, and what CUDA's error codes are told as.
#include <cstring>
#include <fstream>
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
namespace {

// Whether what is allocated comes from what is kept.
bool is_kept(HostMemory* memory, size_t bytes) {
  const size_t before = memory->kept_bytes();
  const BufferPtr buffer = memory->allocate(bytes);
  // So that it would show if another had its place.
  std::memset(buffer->data(), 0x5A, bytes);
  return memory->kept_bytes() == before - bytes;
}

// Of this process, that the system may take when it needs memory; -1 where it does not tell.
int64_t takeable_bytes() {
  std::ifstream maps("/proc/self/smaps");
  int64_t kilobytes = 0;
  bool told = false;
  for (std::string word; maps >> word;) {
    if (word != "LazyFree:") continue;
    int64_t each = 0;
    maps >> each;
    kilobytes += each;
    told = true;
  }
  return told ? kilobytes << 10 : -1;
}

}  // namespace

void test_kept_memory() {
  constexpr size_t kSmall = 64 << 10, kLarge = 8 << 20;
  const auto memory = std::make_shared<HostMemory>();
  for (const size_t bytes : {kSmall, kLarge}) {
    check(!is_kept(memory.get(), bytes) && is_kept(memory.get(), bytes) && !is_kept(memory.get(), bytes - 64),
          std::to_string(bytes) + " bytes are kept for the next that asks for as much");
    const BufferPtr one = memory->allocate(bytes), other = memory->allocate(bytes);
    check(one->data() != other->data(), "memory in use is nobody else's");
    const auto address = reinterpret_cast<uintptr_t>(one->data());
    check(address % 64 == 0, std::to_string(bytes) + " bytes begin at a multiple of 64");
  }
  check(memory->live_bytes == 0, "what is kept does not count as live");

  // In use and kept never come to more than the peak, which is 2 * kLarge.
  {
    const BufferPtr all = memory->allocate(2 * kLarge);
    check(memory->kept_bytes() == 0, "what is kept goes before more than ever is held");
  }
  const BufferPtr kept_by_user = memory->allocate(kLarge);
  check(memory->kept_bytes() == 0, "what was kept and no longer fits beside what is in use goes");
  memory->allocate(kLarge).reset();
  check(memory->kept_bytes() == kLarge, "what fits is kept");
  std::vector<BufferPtr> many;
  for (size_t i = 0; i < 100; ++i) many.push_back(memory->allocate(kSmall + i));
  many.clear();
  check(is_kept(memory.get(), kSmall + 99), "of many sizes those that were used last are kept");
  check(!is_kept(memory.get(), kSmall), "of many sizes those that were used first are not");
  memory->close();
  check(memory->kept_bytes() == 0, "a closed device keeps nothing");
  memory->allocate(kLarge).reset();
  check(memory->kept_bytes() == 0, "nor what is given back later");
}

void test_resting_memory() {
  constexpr size_t kBytes = 32 << 20;
  const int64_t before = takeable_bytes();
  if (before < 0) return;
  const auto memory = std::make_shared<HostMemory>();
  const auto written = [&] {
    BufferPtr buffer = memory->allocate(kBytes);
    std::memset(buffer->data(), 0x5A, kBytes);
    return buffer;
  };
  BufferPtr buffer = written();
  check(takeable_bytes() == before, "nobody takes what is in use");
  buffer.reset();
  check(takeable_bytes() - before >= int64_t{kBytes - (4 << 20)}, "the system may take what is kept, but for its ends");
  buffer = written();
  check(takeable_bytes() == before, "nor what is in use again");
}

void test_memory() {
  const auto count = std::make_shared<HostMemory>();
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
