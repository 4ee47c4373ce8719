// Streams, and the events between them: what was asked of the device and has not been executed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../include/cuda_runtime_api.h"
#include "faults.h"
#include "random.h"

namespace cuda_sim {

// One recording of an event.
struct Mark {
  bool reached = false;
  cudaStream_t stream;
};

struct Operation {
  std::string what;
  std::function<void()> execute;  // may throw DeviceFault
  std::shared_ptr<const Mark> after;
  // Host memory that it will read or write.
  const unsigned char* host = nullptr;
  size_t host_bytes = 0;
};

// What is asked of a stream while it is captured.
struct Capture {
  std::thread::id thread;
  bool spoilt = false;
  std::vector<Operation> nodes;
};

struct Stream {
  uint64_t id;
  int device;
  bool destroyed = false;
  std::deque<Operation> waiting;
  std::shared_ptr<Capture> capture;  // null: what is asked of it is queued
};

struct Event {
  uint64_t id;
  int device;
  std::shared_ptr<Mark> recorded;  // null: never
};

class Queues {
 public:
  explicit Queues(uint64_t seed) : random_(seed) { this->seed(seed); }

  // Called with the device of an operation that ended it.
  std::function<void(int device, const DeviceFault&)> on_fault;

  void seed(uint64_t value);
  Random& random() { return random_; }

  cudaStream_t create_stream(int device);
  cudaEvent_t create_event(int device);
  Stream* find(cudaStream_t handle);
  Event* find(cudaEvent_t handle);
  bool was_destroyed(cudaStream_t handle) const;
  bool was_destroyed(cudaEvent_t handle) const;
  void destroy(cudaStream_t handle);
  void destroy(cudaEvent_t handle);
  const std::map<cudaStream_t, Stream>& streams() const { return streams_; }
  const std::map<cudaEvent_t, Event>& events() const { return events_; }

  void push(cudaStream_t stream, Operation operation);
  void record(cudaEvent_t event, cudaStream_t stream);
  // The device gets on, as far as the seed lets it.
  void progress();
  // Now and then a step towards it, so that whoever asks again and again gets an answer.
  void nudge(const Mark& mark);
  void finish(cudaStream_t stream);
  void finish(const Mark& mark);
  void finish_device(int device);
  // What is queued there never comes; nobody waits for it.
  void drop(int device);
  void clear();
  // The stream and the operation that will touch this host memory.
  const Operation* reaching(const unsigned char* host, size_t bytes, uint64_t* stream) const;
  void forget_host(const unsigned char* host, size_t bytes);
  uint64_t queued() const;

 private:
  using Streams = std::map<cudaStream_t, Stream>;
  static bool ready(const Stream& stream);
  void execute(Streams::iterator stream);
  bool step();
  void step_toward(cudaStream_t stream);

  Random random_;
  double eager_ = 0.5, straight_ = 0.5;
  int favour_ = 0;
  uint64_t ids_ = 0;
  Streams streams_;
  std::map<cudaEvent_t, Event> events_;
};

}  // namespace cuda_sim
