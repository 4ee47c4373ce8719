// Steps that the device repeats by itself: what a backend with CUDA graphs offers the step loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace ds {

struct StepCursor;
struct Workspace;

// Launches as they were recorded, ready to be repeated.
class Recording {
 public:
  Recording() = default;
  virtual ~Recording() = default;
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
};
using RecordingPtr = std::unique_ptr<Recording>;

// For one run, as the backend that it belongs to.
class Recorder {
 public:
  virtual ~Recorder() = default;
  // The workspace of an earlier run of this shape, which is this run's alone from now on; null if none is left.
  virtual std::unique_ptr<Workspace> take(const std::vector<uint64_t>& shape) = 0;
  // Waits for the run's work and leaves the workspace to a later run, or gives it up.
  virtual void keep(std::unique_ptr<Workspace> workspace) noexcept = 0;
  // Queues the move of a cursor to the next entry of its program.
  virtual void advance(StepCursor* cursor, const StepCursor* entries) = 0;
  // Records the launches that `queue` queues on the backend, which are not done now. Null where CUDA says that it
  // cannot record; then `queue` may not have been called.
  virtual RecordingPtr record(const std::function<void()>& queue) = 0;
  virtual void replay(Recording& recording) = 0;
};

}  // namespace ds
