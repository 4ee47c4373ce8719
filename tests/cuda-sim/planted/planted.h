// Mistakes, each with its correct twin: the twin must pass in silence, the mistake must be reported.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace planted {

// A mistake that shows whatever the seed: `body(true)` makes it. Both run in a process of their own.
void reported(const std::string& name, const std::function<void(bool wrong)>& body, const std::string& report);
// A mistake that depends on the order of things: it must show, by a report or by `body` saying false, for a fraction of
// the seeds that is neither tiny nor all of them.
void shown(const std::string& name, const std::function<bool(bool wrong)>& body);
// A property, checked in a process of its own.
void holds(const std::string& name, const std::function<bool()>& body);
// A text that must not compile as a kernel's file, though `twin` does.
void refused(const std::string& name, const std::string& text, const std::string& twin, const std::string& complaint);

// Ends the process of a test whose own calls fail.
void must(cudaError_t error);

cudaStream_t stream();
cudaMemPool_t pool();
void* allocate(cudaMemPool_t pool, size_t bytes, cudaStream_t stream);
// Pinned floats with this value.
float* pinned(size_t count, float value);

// Kernels over `count` floats; the wrong ones are wrong in what their name says.
void launch_fill(float* to, int64_t count, float value, cudaStream_t stream);
void launch_fill_one_more(float* to, int64_t count, float value, cudaStream_t stream);
void launch_copy(float* to, const float* from, int64_t count, cudaStream_t stream);
void launch_copy4(float* to, const float* from, int64_t count, cudaStream_t stream);
void launch_without_load(float* to, const float* from, cudaStream_t stream);
void launch_race(float* to, int64_t count, cudaStream_t stream);
// Of a block of any of them.
int64_t threads_of_block();

void plant_in_kernels();
void plant_in_streams();
void plant_in_host_code();
void plant_in_graphs();
void plant_in_ptx();
void check_errors();
void check_memory();
void check_compilation();

}  // namespace planted
