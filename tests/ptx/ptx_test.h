// What the tests of the emitted PTX share: the check, and a comparison of any work on the CPU with the same on PTX.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../../cuda/backend.h"
#include "ptx_device.h"

namespace ds::ptx {

// Counts and prints what does not hold.
void check(bool holds, const std::string& what);

// What some work leaves, in the host's memory: float32 compare by bits and NaN as NaN, the rest by bits.
struct Outcome {
  std::vector<std::vector<float>> floats;
  unsigned long long status = 0;
};
// Empty, or what differs first.
std::string difference(const Outcome& expected, const Outcome& found);

// `work` on the CPU backend, one float at a time.
Outcome on_cpu(const std::function<Outcome(Backend&)>& work);
Outcome on_ptx(PtxDevice* device, const std::function<Outcome(Backend&)>& work);

// The PTX files of one virtual architecture: the names of the files, and what stands in them.
struct PtxText {
  std::string architecture;
  std::vector<std::pair<std::string, std::string>> files;
};
PtxDevice make_device(const PtxText& text);

void test_instructions();
void test_combine(PtxDevice* device);
void test_combine_halves(PtxDevice* device);
void test_combine_kernels(PtxDevice* device);
void test_noise(PtxDevice* device);
void test_mixture(PtxDevice* device);
void test_advance(PtxDevice* device);
void test_far(PtxDevice* device);
void test_planted(const PtxText& text);

}  // namespace ds::ptx
