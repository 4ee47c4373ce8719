// Stands between the program and glibc's allocator. Nothing in here may allocate.
#include "allocation_faults.h"

#ifdef __GLIBC__
#include <dlfcn.h>
#include <link.h>
#include <unwind.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);
}

namespace ds::faults {
namespace {

// Code of one module.
struct Range {
  uintptr_t from = 0, to = 0;
  bool holds(uintptr_t address) const { return address >= from && address < to; }
};

Range module, cxx_library;
std::atomic<bool> watching{false};
std::atomic<uint64_t> first_fault{0}, last_fault{0}, count{0}, fault_count{0};

// Reached without a call, as a call might allocate.
#define DS_THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
DS_THREAD_LOCAL int paused;
DS_THREAD_LOCAL bool looking;

struct Sought {
  const char* suffix;
  uintptr_t address;
  Range found;
};

bool ends_with(const char* text, const char* end) {
  const size_t length = std::strlen(text), tail = std::strlen(end);
  return length >= tail && std::strcmp(text + length - tail, end) == 0;
}

int visit(dl_phdr_info* info, size_t, void* data) {
  auto* sought = static_cast<Sought*>(data);
  Range code;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) & part = info->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
    code.from = info->dlpi_addr + part.p_vaddr;
    code.to = code.from + part.p_memsz;
  }
  // The program itself has no name here.
  const bool named =
      sought->suffix == nullptr ? info->dlpi_name[0] == '\0' : ends_with(info->dlpi_name, sought->suffix);
  if (!(sought->address != 0 ? code.holds(sought->address) : named)) return 0;
  sought->found = code;
  return 1;
}

// Blocks in sets of eight, by their address.
constexpr size_t kSets = 1u << 15, kWays = 8;
std::atomic<void*> blocks[kSets][kWays];
std::atomic<int64_t> block_count{0};

std::atomic<void*>* set_of(void* block) {
  return blocks[(reinterpret_cast<uintptr_t>(block) >> 4) * 0x9e3779b97f4a7c15ull >> 49];
}

void hold(void* block) {
  std::atomic<void*>* set = set_of(block);
  for (size_t i = 0; i < kWays; ++i) {
    void* none = nullptr;
    if (set[i].compare_exchange_strong(none, block)) {
      block_count.fetch_add(1);
      return;
    }
  }
  std::abort();  // more blocks than there is room for: what follows would count wrong
}

bool let_go(void* block) {
  if (block == nullptr || block_count.load(std::memory_order_relaxed) == 0) return false;
  std::atomic<void*>* set = set_of(block);
  for (size_t i = 0; i < kWays; ++i) {
    void* held = block;
    if (set[i].compare_exchange_strong(held, nullptr)) {
      block_count.fetch_sub(1);
      return true;
    }
  }
  return false;
}

struct Look {
  uintptr_t caller;
  bool reached = false, ours = false;
};

_Unwind_Reason_Code look_at(_Unwind_Context* context, void* data) {
  auto* look = static_cast<Look*>(data);
  const auto address = static_cast<uintptr_t>(_Unwind_GetIP(context));
  look->reached = look->reached || address == look->caller;
  if (!look->reached || cxx_library.holds(address)) return _URC_NO_REASON;
  look->ours = module.holds(address);
  return _URC_END_OF_STACK;
}

// Whether the module asks, itself or through the C++ library: strings grow, and `new` works, in there.
bool asked_by_module(void* caller) {
  if (!watching.load(std::memory_order_relaxed) || paused > 0 || looking) return false;
  const auto address = reinterpret_cast<uintptr_t>(caller);
  if (!cxx_library.holds(address)) return module.holds(address);
  looking = true;
  Look look{address};
  _Unwind_Backtrace(look_at, &look);
  looking = false;
  return look.ours;
}

bool fails() {
  const uint64_t number = count.fetch_add(1) + 1;
  if (number < first_fault.load() || number > last_fault.load()) return false;
  fault_count.fetch_add(1);
  errno = ENOMEM;
  return true;
}

template <typename Allocate>
void* serve(void* caller, Allocate allocate) {
  const bool ours = asked_by_module(caller);
  if (ours && fails()) return nullptr;
  void* block = allocate();
  if (ours && block != nullptr) hold(block);
  return block;
}

}  // namespace

bool watch(const char* suffix) {
  Sought library{nullptr, reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "__cxa_throw")), {}};
  Sought watched{suffix, 0, {}};
  if (dl_iterate_phdr(visit, &library) == 0 || dl_iterate_phdr(visit, &watched) == 0) return false;
  cxx_library = library.found;
  module = watched.found;
  watching = true;
  return true;
}

void arm(uint64_t first, uint64_t last) {
  last_fault = 0;
  count = 0;
  fault_count = 0;
  first_fault = first;
  last_fault = last;
}

uint64_t counted() { return count; }
uint64_t failed() { return fault_count; }
int64_t live_blocks() { return block_count; }

Pause::Pause() { ++paused; }
Pause::~Pause() { --paused; }

}  // namespace ds::faults

#define DS_INTERPOSED extern "C" __attribute__((visibility("default"), noinline))

DS_INTERPOSED void* malloc(size_t bytes) noexcept {
  return ds::faults::serve(__builtin_return_address(0), [=] { return __libc_malloc(bytes); });
}

DS_INTERPOSED void* calloc(size_t items, size_t bytes) noexcept {
  return ds::faults::serve(__builtin_return_address(0), [=] { return __libc_calloc(items, bytes); });
}

DS_INTERPOSED void* aligned_alloc(size_t alignment, size_t bytes) noexcept {
  return ds::faults::serve(__builtin_return_address(0), [=] { return __libc_memalign(alignment, bytes); });
}

DS_INTERPOSED void* memalign(size_t alignment, size_t bytes) noexcept {
  return ds::faults::serve(__builtin_return_address(0), [=] { return __libc_memalign(alignment, bytes); });
}

DS_INTERPOSED int posix_memalign(void** block, size_t alignment, size_t bytes) noexcept {
  void* made = ds::faults::serve(__builtin_return_address(0), [=] { return __libc_memalign(alignment, bytes); });
  if (made == nullptr) return ENOMEM;
  *block = made;
  return 0;
}

DS_INTERPOSED void* realloc(void* block, size_t bytes) noexcept {
  using namespace ds::faults;
  const bool ours = asked_by_module(__builtin_return_address(0));
  if (ours && fails()) return nullptr;
  const bool held = let_go(block);
  void* made = __libc_realloc(block, bytes);
  if (made != nullptr && (ours || held)) hold(made);
  if (made == nullptr && held && bytes > 0) hold(block);
  return made;
}

DS_INTERPOSED void free(void* block) noexcept {
  ds::faults::let_go(block);
  __libc_free(block);
}

#else

namespace ds::faults {

bool watch(const char*) { return false; }
void arm(uint64_t, uint64_t) {}
uint64_t counted() { return 0; }
uint64_t failed() { return 0; }
int64_t live_blocks() { return 0; }
Pause::Pause() = default;
Pause::~Pause() = default;

}  // namespace ds::faults

#endif
