// Captures of streams, graphs, and graphs that can be launched.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "queues.h"

namespace cuda_sim {

struct Graph {
  uint64_t id;
  int device;
  std::vector<Operation> nodes;
};

struct GraphExec {
  uint64_t id;
  int device;
  std::vector<Operation> nodes;
  std::shared_ptr<const Mark> last;  // the end of its last launch
};

class Graphs {
 public:
  cudaGraph_t add(int device, std::vector<Operation> nodes);
  cudaGraphExec_t instantiate(const Graph& graph);
  Graph* find(cudaGraph_t handle);
  GraphExec* find(cudaGraphExec_t handle);
  void destroy(cudaGraph_t handle) { graphs_.erase(handle); }
  void destroy(cudaGraphExec_t handle) { execs_.erase(handle); }
  void clear();
  const std::map<cudaGraph_t, Graph>& graphs() const { return graphs_; }
  const std::map<cudaGraphExec_t, GraphExec>& execs() const { return execs_; }

 private:
  uint64_t ids_ = 0;
  std::map<cudaGraph_t, Graph> graphs_;
  std::map<cudaGraphExec_t, GraphExec> execs_;
};

// Whether a thread that captures a stream may make this call. Stricter than CUDA, which lets some others pass.
bool goes_with_capture(const char* call);
// The stream's capture comes to nothing; returns the error that says so.
cudaError_t spoil_capture(cudaStream_t stream);

}  // namespace cuda_sim
