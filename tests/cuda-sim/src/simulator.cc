// Counts, failures on demand, lost devices and errors that nobody asks for.
#include "simulator.h"

#include <cstdlib>
#include <cstring>

#include "errors.h"

namespace cuda_sim {
namespace {

uint64_t number_from(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 0);
}

// "[call:]n:error[:sticky]"
void failure_from(const char* name, std::vector<Failure>* failures) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return;
  Failure failure;
  std::string rest = text;
  if (rest.find_first_of("0123456789") != 0) {
    failure.call = rest.substr(0, rest.find(':'));
    rest.erase(0, failure.call.size() + 1);
  }
  char* end = nullptr;
  failure.n = std::strtoull(rest.c_str(), &end, 10);
  if (*end == ':') failure.error = static_cast<int>(std::strtol(end + 1, &end, 10));
  failure.sticky = std::strcmp(end, ":sticky") == 0;
  failures->push_back(failure);
}

bool asks_for_errors(const char* call) {
  return std::strcmp(call, "cudaGetLastError") == 0 || std::strcmp(call, "cudaPeekAtLastError") == 0;
}

}  // namespace

thread_local HostThread host_thread;

Simulator::Simulator() : queues(number_from("CUDA_SIM_SEED", 0)) {
  device_count = static_cast<int>(number_from("CUDA_SIM_DEVICES", 1));
  device_bytes = number_from("CUDA_SIM_MEMORY", device_bytes);
  failure_from("CUDA_SIM_FAIL", &failures);
  queues.on_fault = [this](int device, const DeviceFault& fault) {
    if (!fault.text.empty()) faults.report(fault.text);
    lose(device, fault.error);
  };
}

Simulator& simulator() {
  static Simulator* instance = new Simulator;
  return *instance;
}

namespace {

struct AtEnd {
  // The device's address range must be known before the first kernel asks.
  AtEnd() { simulator(); }
  ~AtEnd() {
    if (number_from("CUDA_SIM_LEAKS", 0) == 0) return;
    const std::lock_guard<std::mutex> lock(simulator().mutex);
    for (const std::string& leak : simulator().leaks()) simulator().faults.report("never given back: " + leak);
  }
} at_end;

}  // namespace

bool Simulator::due(const char* call, Failure* failure) {
  const bool kernel = std::strcmp(call, "kernel") == 0;
  for (auto at = failures.begin(); at != failures.end(); ++at) {
    if (at->call.empty() ? kernel : at->call != call) continue;
    if (--at->n > 0) continue;
    *failure = *at;
    failures.erase(at);
    return true;
  }
  return false;
}

void Simulator::lose(int device, cudaError_t error) {
  lost.emplace(device, error);
  queues.drop(device);
}

cudaError_t Simulator::loss(int device) const {
  const auto found = lost.find(device);
  return found == lost.end() ? cudaSuccess : found->second;
}

Live Simulator::live() const {
  Live live;
  for (const auto& [begin, allocation] : memory.all()) {
    if (!allocation.held()) continue;
    live.device_bytes += allocation.bytes;
    ++live.allocations;
  }
  for (const auto& [begin, each] : pinned) {
    if (each.abandoned) continue;
    live.pinned_bytes += each.bytes;
    ++live.pinned;
  }
  for (const auto& [handle, stream] : queues.streams()) live.streams += !stream.destroyed && !abandoned.count(handle);
  for (const auto& [handle, event] : queues.events()) live.events += !abandoned.count(handle);
  for (const auto& [handle, pool] : pools.all()) {
    live.pools += !pool.destroyed && !pool.abandoned;
    live.reserved_bytes += pool.reserved;
  }
  for (const auto& [handle, graph] : graphs.graphs()) live.graphs += !abandoned.count(handle);
  for (const auto& [handle, exec] : graphs.execs()) live.graph_execs += !abandoned.count(handle);
  live.queued = queues.queued();
  return live;
}

std::vector<std::string> Simulator::leaks() const {
  std::vector<std::string> leaks;
  for (const auto& [begin, each] : memory.all()) {
    if (!each.held()) continue;
    leaks.push_back("allocation #" + std::to_string(each.id) + " of " + std::to_string(each.bytes) +
                    " bytes, made on stream " + std::to_string(each.stream));
  }
  for (const auto& [begin, each] : pinned) {
    if (!each.abandoned) leaks.push_back("pinned memory of " + std::to_string(each.bytes) + " bytes");
  }
  for (const auto& [handle, each] : queues.streams()) {
    if (!each.destroyed && !abandoned.count(handle)) leaks.push_back("stream " + std::to_string(each.id));
  }
  for (const auto& [handle, each] : queues.events()) {
    if (!abandoned.count(handle)) leaks.push_back("event " + std::to_string(each.id));
  }
  for (const auto& [handle, each] : pools.all()) {
    if (!each.destroyed && !each.abandoned) leaks.push_back("memory pool of device " + std::to_string(each.device));
  }
  for (const auto& [handle, each] : graphs.graphs()) {
    if (!abandoned.count(handle)) leaks.push_back("graph " + std::to_string(each.id));
  }
  for (const auto& [handle, each] : graphs.execs()) {
    if (!abandoned.count(handle)) leaks.push_back("executable graph " + std::to_string(each.id));
  }
  return leaks;
}

int device_of(cudaStream_t handle) {
  const Stream* stream = simulator().queues.find(handle);
  return stream ? stream->device : host_thread.device;
}

int device_of(cudaEvent_t handle) {
  const Event* event = simulator().queues.find(handle);
  return event ? event->device : host_thread.device;
}

int device_of(cudaMemPool_t handle) {
  const MemoryPool* pool = simulator().pools.find(handle);
  return pool ? pool->device : host_thread.device;
}

int device_of(cudaGraph_t handle) {
  const Graph* graph = simulator().graphs.find(handle);
  return graph ? graph->device : host_thread.device;
}

int device_of(cudaGraphExec_t handle) {
  const GraphExec* exec = simulator().graphs.find(handle);
  return exec ? exec->device : host_thread.device;
}

cudaError_t misuse(cudaError_t error, const std::string& text) {
  simulator().faults.report(text);
  return error;
}

cudaError_t begin_call(const char* name, int device, Needs needs) {
  Simulator& sim = simulator();
  ++sim.counts.total;
  ++sim.counts.by_name[name];
  HostThread& thread = host_thread;
  if (thread.last != cudaSuccess && !thread.sticky && !asks_for_errors(name)) {
    sim.faults.report("unchecked error: " + std::string(thread.last_call) + " returned " + error_name(thread.last) +
                      ", which nobody asked for before " + name);
    thread.last = cudaSuccess;
  }
  Failure failure;
  if (sim.due(name, &failure)) {
    const auto error = static_cast<cudaError_t>(failure.error);
    if (failure.sticky) sim.lose(device, error);
    if (asks_for_errors(name)) thread.last = cudaSuccess;
    return error;
  }
  if (needs == Needs::kNothing) return cudaSuccess;
  if (thread.captured != nullptr && !goes_with_capture(name)) return spoil_capture(thread.captured);
  if (sim.device_count == 0) return cudaErrorNoDevice;
  if (needs == Needs::kContext && device >= 0 && device < sim.device_count) {
    sim.contexts.insert(device);
    thread.has_context = true;
  }
  return sim.loss(device);
}

cudaError_t end_call(const char* name, int device, cudaError_t error) {
  const bool lost = simulator().loss(device) != cudaSuccess;
  // After the answer: what goes wrong now is told by a later call.
  simulator().queues.progress();
  if (error == cudaSuccess || asks_for_errors(name)) return error;
  host_thread.last = error;
  host_thread.last_call = name;
  host_thread.sticky = lost;
  return error;
}

}  // namespace cuda_sim
