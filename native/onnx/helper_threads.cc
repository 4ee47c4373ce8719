// Only Linux gives each thread a priority of its own by setpriority.
#include "helper_threads.h"

#if defined(__linux__)
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <new>
#include <system_error>
#include <thread>

namespace ds {
namespace {

// A core that a thread at this priority and one at 0 both want goes to the latter nine times in ten.
constexpr int kNice = 10;

void give_way() noexcept {
#if defined(__linux__)
  const auto self = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + kNice);
#endif
}

// Called by ONNX Runtime, which takes null for a failure.
ort::CustomThread* create(void*, ort::ThreadWork work, void* of) noexcept {
  try {
    auto* thread = new std::thread([work, of] {
      give_way();
      work(of);
    });
    return reinterpret_cast<ort::CustomThread*>(thread);
  } catch (const std::exception&) {
    return nullptr;
  }
}

void join(ort::CustomThread* created) noexcept {
  auto* thread = reinterpret_cast<std::thread*>(created);
  thread->join();
  delete thread;
}

}  // namespace

void let_helpers_give_way(const ort::Api& api, ort::SessionOptions* options) {
  api.must(ort::kSetCustomCreateThread, options, create);
  api.must(ort::kSetCustomJoinThread, options, join);
}

}  // namespace ds
