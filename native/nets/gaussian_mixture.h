// A built-in network whose velocity is exact: an isotropic Gaussian mixture on the SiT path.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../../cuda/network.h"

namespace ds {

// Weights [K] with sum 1, means [K, elements], deviations [K] above zero: host memory, shared by all runs.
struct GaussianMixture {
  int64_t elements;
  std::vector<float> weights;
  std::vector<float> means;
  std::vector<float> deviations;
};

// Throws Failure(kModel) where the sizes do not fit one another.
std::shared_ptr<const GaussianMixture> make_gaussian_mixture(std::vector<float> weights, std::vector<float> means,
                                                             std::vector<float> deviations);

// An evaluator for one run. Its device memory comes from the backend of the first call and goes with the evaluator.
std::unique_ptr<Evaluator> bind_gaussian_mixture(std::shared_ptr<const GaussianMixture> mixture);

}  // namespace ds
