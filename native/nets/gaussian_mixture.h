// A built-in network whose answers are exact: an isotropic Gaussian mixture (see cuda/mixture_formula.h).
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "../../cuda/mixture.h"
#include "../../cuda/network.h"

namespace ds {

// Host memory, shared by all runs.
struct GaussianMixture {
  MixtureKind kind;
  double sigma_data;              // above zero for kEdm, unused for kSit
  std::vector<float> weights;     // [K], of any scale; a component without weight does not count
  std::vector<float> means;       // [K, elements]
  std::vector<float> deviations;  // [K], above zero
  std::vector<int32_t> classes;   // [K], from 0; or empty: the mixture has no classes
};
using MixturePtr = std::shared_ptr<const GaussianMixture>;

// Throws Failure(kModel) where the sizes do not fit one another, or a number is out of its range.
MixturePtr make_gaussian_mixture(GaussianMixture mixture);

// What the networks of one run that are this mixture share on its device. It comes from the backend of their first call
// and goes with the last of them.
class MixtureMemory;
using MixtureMemoryPtr = std::shared_ptr<MixtureMemory>;
MixtureMemoryPtr make_mixture_memory(MixturePtr mixture);

// An evaluator for one run. A row sees the components of the class that `labels` [rows] gives it, or all with -1;
// without labels all rows see all. Throws Failure(kModel) where the mixture has no classes, or none as a row's label.
std::unique_ptr<Evaluator> bind_gaussian_mixture(MixtureMemoryPtr memory);
std::unique_ptr<Evaluator> bind_gaussian_mixture(MixtureMemoryPtr memory, std::vector<int32_t> labels);
// The same for a mixture that is the only one of its run.
inline std::unique_ptr<Evaluator> bind_gaussian_mixture(MixturePtr mixture) {
  return bind_gaussian_mixture(make_mixture_memory(std::move(mixture)));
}
inline std::unique_ptr<Evaluator> bind_gaussian_mixture(MixturePtr mixture, std::vector<int32_t> labels) {
  return bind_gaussian_mixture(make_mixture_memory(std::move(mixture)), std::move(labels));
}

}  // namespace ds
