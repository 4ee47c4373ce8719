// Everything is executed late, in one of the orders that streams and events allow: the seed chooses which.
#include "queues.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace cuda_sim {
namespace {

constexpr uintptr_t kStreamHandles = 0x10000000, kEventHandles = 0x30000000;

}  // namespace

// Some seeds are devices that are always done at once, some do nothing before somebody waits, most lie between.
void Queues::seed(uint64_t value) {
  random_ = Random(value);
  const double eager[] = {1.0, 0.0, 0.0, 0.1, 0.3, 0.6};
  const double straight[] = {0.8, 0.3, 0.0};
  eager_ = eager[random_.below(6)];
  straight_ = straight[random_.below(3)];
  favour_ = static_cast<int>(random_.below(3));
}

cudaStream_t Queues::create_stream(int device) {
  const auto handle = reinterpret_cast<cudaStream_t>(kStreamHandles + 16 * ++ids_);
  streams_[handle] = Stream{ids_, device, false, {}, nullptr};
  return handle;
}

cudaEvent_t Queues::create_event(int device) {
  const auto handle = reinterpret_cast<cudaEvent_t>(kEventHandles + 16 * ++ids_);
  events_[handle] = Event{ids_, device, nullptr};
  return handle;
}

Stream* Queues::find(cudaStream_t handle) {
  const auto found = streams_.find(handle);
  return found == streams_.end() || found->second.destroyed ? nullptr : &found->second;
}

Event* Queues::find(cudaEvent_t handle) {
  const auto found = events_.find(handle);
  return found == events_.end() ? nullptr : &found->second;
}

bool Queues::was_destroyed(cudaStream_t handle) const {
  const auto at = reinterpret_cast<uintptr_t>(handle);
  return at > kStreamHandles && at <= kStreamHandles + 16 * ids_;
}

bool Queues::was_destroyed(cudaEvent_t handle) const {
  const auto at = reinterpret_cast<uintptr_t>(handle);
  return at > kEventHandles && at <= kEventHandles + 16 * ids_;
}

// What is queued is still executed.
void Queues::destroy(cudaStream_t handle) {
  const auto found = streams_.find(handle);
  found->second.destroyed = true;
  if (found->second.waiting.empty()) streams_.erase(found);
}

void Queues::destroy(cudaEvent_t handle) { events_.erase(handle); }

void Queues::push(cudaStream_t stream, Operation operation) {
  Stream& to = streams_.at(stream);
  if (to.capture) {
    to.capture->nodes.push_back(std::move(operation));
  } else {
    to.waiting.push_back(std::move(operation));
  }
}

void Queues::record(cudaEvent_t event, cudaStream_t stream) {
  auto mark = std::make_shared<Mark>(Mark{false, stream});
  events_.at(event).recorded = mark;
  push(stream, {"record of an event", [mark] { mark->reached = true; }, nullptr});
}

bool Queues::ready(const Stream& stream) {
  if (stream.waiting.empty()) return false;
  const auto& after = stream.waiting.front().after;
  return after == nullptr || after->reached;
}

void Queues::execute(Streams::iterator at) {
  Stream& stream = at->second;
  const Operation operation = std::move(stream.waiting.front());
  stream.waiting.pop_front();
  const int device = stream.device;
  try {
    operation.execute();
  } catch (const DeviceFault& fault) {
    on_fault(device, fault);
    return;
  }
  if (stream.destroyed && stream.waiting.empty()) streams_.erase(at);
}

// False where nothing can be executed.
bool Queues::step() {
  std::vector<Streams::iterator> candidates;
  for (auto at = streams_.begin(); at != streams_.end(); ++at) {
    if (ready(at->second)) candidates.push_back(at);
  }
  if (candidates.empty()) return false;
  // Handles are in the order in which streams were made.
  const bool follows = random_.chance(0.8);
  const size_t any = random_.below(candidates.size());
  execute(candidates[follows && favour_ == 1 ? 0 : follows && favour_ == 2 ? candidates.size() - 1 : any]);
  return true;
}

void Queues::step_toward(cudaStream_t handle) {
  for (;;) {
    const auto at = streams_.find(handle);
    if (at == streams_.end() || at->second.waiting.empty()) return;
    if (ready(at->second)) return execute(at);
    // A record stands before every wait for it, so this comes to an end.
    handle = at->second.waiting.front().after->stream;
  }
}

void Queues::progress() {
  while (random_.chance(eager_) && step()) {
  }
}

void Queues::nudge(const Mark& mark) {
  if (!random_.chance(0.5)) return;
  if (random_.chance(straight_)) {
    step_toward(mark.stream);
  } else {
    step();
  }
}

void Queues::finish(cudaStream_t stream) {
  for (auto at = streams_.find(stream); at != streams_.end() && !at->second.waiting.empty();
       at = streams_.find(stream)) {
    if (random_.chance(straight_)) {
      step_toward(stream);
    } else {
      step();
    }
  }
}

void Queues::finish(const Mark& mark) {
  while (!mark.reached) {
    if (random_.chance(straight_)) {
      step_toward(mark.stream);
    } else {
      step();
    }
  }
}

void Queues::finish_device(int device) {
  for (;;) {
    const auto busy = std::find_if(streams_.begin(), streams_.end(), [device](const auto& each) {
      return each.second.device == device && !each.second.waiting.empty();
    });
    if (busy == streams_.end()) return;
    if (!random_.chance(0.5) || !step()) step_toward(busy->first);
  }
}

void Queues::drop(int device) {
  for (auto& [handle, event] : events_) {
    if (event.device == device && event.recorded) event.recorded->reached = true;
  }
  const auto dead = [&](const std::shared_ptr<const Mark>& mark) {
    const auto stream = mark ? streams_.find(mark->stream) : streams_.end();
    return stream != streams_.end() && stream->second.device == device;
  };
  for (auto& [handle, stream] : streams_) {
    for (Operation& operation : stream.waiting) {
      if (dead(operation.after)) operation.after = nullptr;
    }
  }
  for (auto at = streams_.begin(); at != streams_.end();) {
    if (at->second.device == device) at->second.waiting.clear();
    at = at->second.device == device && at->second.destroyed ? streams_.erase(at) : std::next(at);
  }
}

void Queues::clear() {
  streams_.clear();
  events_.clear();
}

const Operation* Queues::reaching(const unsigned char* host, size_t bytes, uint64_t* stream) const {
  for (const auto& [handle, each] : streams_) {
    for (const Operation& operation : each.waiting) {
      if (operation.host == nullptr || operation.host + operation.host_bytes <= host) continue;
      if (operation.host >= host + bytes) continue;
      *stream = each.id;
      return &operation;
    }
  }
  return nullptr;
}

void Queues::forget_host(const unsigned char* host, size_t bytes) {
  for (auto& [handle, each] : streams_) {
    for (Operation& operation : each.waiting) {
      if (operation.host == nullptr || operation.host + operation.host_bytes <= host) continue;
      if (operation.host >= host + bytes) continue;
      operation.execute = [] {};
      operation.host = nullptr;
    }
  }
}

uint64_t Queues::queued() const {
  uint64_t count = 0;
  for (const auto& [handle, each] : streams_) count += each.waiting.size();
  return count;
}

}  // namespace cuda_sim
