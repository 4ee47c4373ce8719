// Pinned host memory, and the copies between host and device.
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "simulator.h"

extern "C" __attribute__((weak)) void* __asan_region_is_poisoned(void* begin, size_t bytes);

using namespace cuda_sim;

namespace {

constexpr uintptr_t kPage = 4096;

// A page more on either side, which nobody may touch, so that an overrun ends the process where it happens.
size_t mapped_bytes(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage + 2 * kPage; }

void unmap(const unsigned char* at, size_t bytes) {
  munmap(const_cast<unsigned char*>(at) - kPage, mapped_bytes(bytes));
}

// The pinned memory that begins at or before it.
std::map<const unsigned char*, Pinned>::iterator pinned_at(const unsigned char* at) {
  auto& pinned = simulator().pinned;
  const auto above = pinned.upper_bound(at);
  return above == pinned.begin() ? pinned.end() : std::prev(above);
}

// Empty, or why a copy must not touch this host memory.
std::string host_problem(const unsigned char* at, size_t bytes) {
  const std::string where = "host memory at " + hexadecimal(reinterpret_cast<uintptr_t>(at)) + " ";
  if (__asan_region_is_poisoned && __asan_region_is_poisoned(const_cast<unsigned char*>(at), bytes)) {
    return where + "was freed or is too short";
  }
  const auto begin = reinterpret_cast<uintptr_t>(at) / kPage * kPage;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(at) + bytes + kPage - 1) / kPage * kPage;
  std::vector<unsigned char> resident((end - begin) / kPage);
  if (mincore(reinterpret_cast<void*>(begin), end - begin, resident.data()) != 0 && errno == ENOMEM) {
    return where + "is not there any more";
  }
  return "";
}

[[noreturn]] void fail_copy(const std::string& what, const std::string& problem) {
  throw DeviceFault{cudaErrorIllegalAddress, what + ": " + problem};
}

void require(const std::string& what, const std::string& verb, const std::string& problem) {
  if (!problem.empty()) fail_copy(what, verb + problem);
}

void upload(const std::string& what, void* to, const unsigned char* from, size_t bytes) {
  require(what, "", host_problem(from, bytes));
  require(what, "writes ", simulator().memory.problem(to, bytes, false));
  simulator().memory.write(to, from, bytes);
}

void download(const std::string& what, unsigned char* to, const void* from, size_t bytes) {
  require(what, "", host_problem(to, bytes));
  require(what, "reads ", simulator().memory.problem(from, bytes, true));
  simulator().memory.read(to, from, bytes);
}

void copy(const std::string& what, void* to, const void* from, size_t bytes) {
  require(what, "reads ", simulator().memory.problem(from, bytes, false));
  require(what, "writes ", simulator().memory.problem(to, bytes, false));
  simulator().memory.copy(to, from, bytes);
}

}  // namespace

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned flags) {
  return api("cudaHostAlloc", host_thread.device, Needs::kContext, [&] {
    if (bytes == 0 || flags != cudaHostAllocDefault) return cudaErrorInvalidValue;
    void* at = mmap(nullptr, mapped_bytes(bytes), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return cudaErrorMemoryAllocation;
    auto* data = static_cast<unsigned char*>(at) + kPage;
    if (mprotect(data, mapped_bytes(bytes) - 2 * kPage, PROT_READ | PROT_WRITE) != 0) {
      unmap(data, bytes);
      return cudaErrorMemoryAllocation;
    }
    // Whoever reads before a copy has come sees that nothing has.
    std::memset(data, 0xA5, bytes);
    simulator().pinned[data] = {++simulator().pinned_ids, bytes};
    *pointer = data;
    return cudaSuccess;
  });
}

cudaError_t cudaFreeHost(void* pointer) {
  const auto* data = static_cast<const unsigned char*>(pointer);
  return api_release(
      "cudaFreeHost", host_thread.device,
      [&] {
        Simulator& sim = simulator();
        if (pointer == nullptr) return cudaSuccess;
        const auto found = sim.pinned.find(data);
        if (found == sim.pinned.end()) {
          return misuse(cudaErrorInvalidValue, "cudaFreeHost: " + hexadecimal(reinterpret_cast<uintptr_t>(pointer)) +
                                                   " is no pinned memory (any more)");
        }
        const size_t bytes = found->second.bytes;
        uint64_t stream = 0;
        if (const Operation* late = sim.queues.reaching(data, bytes, &stream)) {
          sim.faults.report("cudaFreeHost: pinned memory of " + std::to_string(bytes) + " bytes is freed while " +
                            late->what + " is queued on stream " + std::to_string(stream));
          sim.queues.forget_host(data, bytes);
        }
        sim.pinned.erase(found);
        unmap(data, bytes);
        return cudaSuccess;
      },
      [&] {
        const auto found = simulator().pinned.find(data);
        if (found != simulator().pinned.end()) found->second.abandoned = true;
      });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return api("cudaMemcpyAsync", stream, Needs::kContext, [&] {
    Simulator& sim = simulator();
    if (!known("cudaMemcpyAsync", "stream", stream)) return cudaErrorInvalidResourceHandle;
    if (bytes == 0) return cudaSuccess;
    const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (sim.memory.contains(to) != to_device || sim.memory.contains(from) != from_device) {
      return misuse(cudaErrorInvalidValue, "cudaMemcpyAsync: the kind of the copy does not fit its addresses");
    }
    const auto* host = static_cast<const unsigned char*>(to_device ? from : to);
    const auto pinned = pinned_at(host);
    if (pinned != sim.pinned.end() && host < pinned->first + pinned->second.bytes &&
        bytes > static_cast<size_t>(pinned->first + pinned->second.bytes - host)) {
      return misuse(cudaErrorInvalidValue, "cudaMemcpyAsync: reaches past the end of pinned memory");
    }
    const std::string what = "a copy of " + std::to_string(bytes) + " bytes from " + (from_device ? "device" : "host") +
                             " to " + (to_device ? "device" : "host");
    if (kind != cudaMemcpyDeviceToDevice && sim.queues.find(stream)->capture) return spoil_capture(stream);
    Operation operation{what, nullptr, nullptr};
    if (kind == cudaMemcpyDeviceToDevice) {
      operation.execute = [=] { copy(what, to, from, bytes); };
    } else {
      operation.host = host;
      operation.host_bytes = bytes;
      if (to_device) operation.execute = [=] { upload(what, to, host, bytes); };
      if (from_device) {
        operation.execute = [=] { download(what, static_cast<unsigned char*>(to), from, bytes); };
      }
    }
    sim.queues.push(stream, std::move(operation));
    return cudaSuccess;
  });
}
