// The combine kernels on PTX give the CPU's bits and status word.
#include <algorithm>
#include <random>
#include <regex>

#include "combine_cases.h"

namespace ds::ptx {
namespace {

void compare(PtxDevice* device, const CombineCase& c) {
  const auto work = combine_work(c);
  const std::string differs = difference(on_cpu(work), on_ptx(device, work));
  check(differs.empty(), device->name() + ", " + describe(c) + ": " + differs);
}

// Kernels are compiled for a number of outputs, and take fewer.
void compare_on_other(PtxDevice* device, const CombineCase& c, int kernel_outputs) {
  device->other_kernel = [kernel_outputs](const std::string& asked) {
    return std::regex_replace(asked, std::regex("combine_kernelILi\\d+"),
                              "combine_kernelILi" + std::to_string(kernel_outputs));
  };
  compare(device, c);
  device->other_kernel = nullptr;
}

// Any program of this shape; bits of `seed` decide the rest.
CombineCase random_case(uint64_t seed, int64_t rows, int64_t elements, int terms, int outputs) {
  std::mt19937_64 random(seed);
  CombineCase c{seed, rows, elements, terms, outputs};
  c.noise = static_cast<uint32_t>(random() & random());
  // The first output is nobody's multiple.
  c.derived = static_cast<uint32_t>(random() & random()) & ~1u;
  c.aliased = random() % 2 == 0;
  c.shifted = random() % 2 == 0;
  c.uniform = random() % 2 == 0;
  c.halves = random() % 2 == 0;
  c.values = random() % 3 == 0 ? Values::kNotFinite : Values::kFinite;
  return c;
}

}  // namespace

void test_combine(PtxDevice* device) {
  uint64_t seed = 1;
  for (int outputs = 1; outputs <= kMaxOutputs; ++outputs) {
    for (int terms = 1; terms <= kMaxTerms; ++terms) {
      compare(device, random_case(seed++, 3, 5 + (17 * outputs + 11 * terms) % 40, terms, outputs));
    }
  }
  for (const int64_t elements : {0, 1, 2, 3, 4, 15, 16, 17, 127, 128, 129}) {
    for (const int64_t rows : {0, 1, 3}) {
      for (const int outputs : {1, 2, 3, kMaxOutputs}) {
        for (int i = 0; i < 4; ++i) compare(device, random_case(seed++, rows, elements, 1 + i, outputs));
      }
    }
  }
  for (const int64_t elements : {4095, 4096, 4097}) {
    for (const int outputs : {1, 2, kMaxOutputs}) compare(device, random_case(seed++, 2, elements, 3, outputs));
  }
  for (const int outputs : {1, 2, 5}) compare(device, random_case(seed++, 700, 6, 3, outputs));
  // Fewer threads than there is work for.
  for (const Extent most : {Extent{1, 1}, Extent{2, 1}, Extent{1, 2}, Extent{3, 3}}) {
    device->most_blocks = most;
    for (const int outputs : {1, 2, 3}) {
      compare(device, random_case(seed++, 11, 3001, 2, outputs));
      compare(device, random_case(seed++, 600, 9, 3, outputs));
    }
  }
  device->most_blocks = PtxDevice::kLargestGrid;
  // Every output count and way of failing, so that the status word has to tell them apart.
  for (uint64_t i = 0; i < 200; ++i) {
    CombineCase c = random_case(seed++, 4, 21, 1 + static_cast<int>(i % 6), 1 + static_cast<int>(i % 5));
    c.values = Values::kNotFinite;
    c.halves = i % 4 == 3;
    compare(device, c);
  }
}

// Buffers of every dtype, in rows that begin and end anywhere and in rows of whole tiles.
void test_combine_halves(PtxDevice* device) {
  uint64_t seed = 9000;
  for (int outputs = 1; outputs <= kMaxOutputs; ++outputs) {
    for (int i = 0; i < 90; ++i) {
      CombineCase c = random_case(seed++, 3, i % 2 == 0 ? 16 : 9 + i % 7, 1 + i % 4, outputs);
      c.halves = true;
      if (i % 2 == 0) c.shifted = false;
      if (i % 3 != 0) c.derived = 0;
      if (i % 3 == 1) c.values = Values::kNotFinite;
      compare(device, c);
    }
  }
}

void test_combine_kernels(PtxDevice* device) {
  uint64_t seed = 5000;
  for (const int kernel : {1, 2, kMaxOutputs}) {
    for (int outputs = 1; outputs <= std::min(kernel, 3); ++outputs) {
      for (const int terms : {1, 3}) {
        for (uint64_t i = 0; i < 6; ++i) {
          CombineCase c = random_case(seed++, 3, 11, terms, outputs);
          c.values = Values::kNotFinite;
          compare_on_other(device, c, kernel);
        }
      }
    }
  }
}

void test_noise(PtxDevice* device) {
  CombineCase c{99, 4, 250000, 1, 1};
  c.noise = 1;
  compare(device, c);
}

}  // namespace ds::ptx
