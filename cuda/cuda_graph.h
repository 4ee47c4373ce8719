// Captures what is queued on a stream, and makes it ready to be launched again and again.
#pragma once

#include <functional>
#include <memory>

#include "cuda_owners.h"
#include "recorder.h"

namespace ds {

struct CudaRecording final : Recording {
  explicit CudaRecording(int ordinal) noexcept : exec(ordinal) {}
  GraphExec exec;
};

// False where CUDA says that it cannot do this here; any other failure is thrown.
inline bool supported(cudaError_t error, int ordinal, const char* call, const char* file, int line) {
  if (error != cudaErrorNotSupported) check_cuda(error, ordinal, call, file, line);
  return cuda_succeeded(error);
}

// Ends with its scope, also where the capture has failed: the stream is an ordinary one again.
class Capture {
 public:
  Capture() = default;
  ~Capture() {
    if (!stream_) return;
    cudaGraph_t graph = nullptr;
    cuda_succeeded(cudaStreamEndCapture(stream_, &graph));
    const Graph unfinished(ordinal_, graph);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // False where CUDA says that it cannot.
  bool begin(int ordinal, cudaStream_t stream) {
    // Only this thread is kept from calls that do not go with a capture: other runs go on meanwhile.
    const cudaError_t error = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    if (!supported(error, ordinal, "cudaStreamBeginCapture", __FILE__, __LINE__)) return false;
    ordinal_ = ordinal;
    stream_ = stream;
    return true;
  }
  // Null where CUDA says that it cannot.
  Graph end() {
    cudaGraph_t graph = nullptr;
    const cudaError_t error = cudaStreamEndCapture(stream_, &graph);
    stream_ = nullptr;
    supported(error, ordinal_, "cudaStreamEndCapture", __FILE__, __LINE__);
    return Graph(ordinal_, graph);
  }

 private:
  int ordinal_ = -1;
  cudaStream_t stream_ = nullptr;
};

// `ordinal` is the current device. Null where CUDA says that it cannot.
inline RecordingPtr record_graph(int ordinal, cudaStream_t stream, const std::function<void()>& queue) {
  Capture capture;
  if (!capture.begin(ordinal, stream)) return nullptr;
  queue();
  const Graph graph = capture.end();
  if (!graph.get()) return nullptr;
  auto recording = std::make_unique<CudaRecording>(ordinal);
  const cudaError_t error = recording->exec.instantiate(graph);
  if (!supported(error, ordinal, "cudaGraphInstantiateWithFlags", __FILE__, __LINE__)) return nullptr;
  return recording;
}

}  // namespace ds
