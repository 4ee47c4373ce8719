// A built-in network whose velocity is exact: an isotropic Gaussian mixture on the SiT path.
#include "gaussian_mixture.h"

#include <limits>
#include <string>
#include <utility>

#include "../../cuda/failure.h"

namespace ds {
namespace {

class MixtureEvaluator final : public Evaluator {
 public:
  explicit MixtureEvaluator(std::shared_ptr<const GaussianMixture> mixture) : mixture_(std::move(mixture)) {}

  void evaluate(const NetworkCall& call) override {
    if (call.elements != mixture_->elements) {
      throw Failure(FailureCode::kModel, "the mixture has means of " + std::to_string(mixture_->elements) +
                                             " elements but the state has rows of " + std::to_string(call.elements));
    }
    const auto components = static_cast<int64_t>(mixture_->weights.size());
    if (!scratch_ || rows_ != call.rows) {
      scratch_ = call.backend->allocate(scratch_bytes(call.rows, components));
      rows_ = call.rows;
    }
    if (!weights_) {
      // The weights come last: they mark that all three are there.
      means_ = uploaded(call.backend, mixture_->means);
      deviations_ = uploaded(call.backend, mixture_->deviations);
      weights_ = uploaded(call.backend, mixture_->weights);
    }
    MixtureArgs args{};
    args.rows = call.rows;
    args.elements = call.elements;
    args.components = static_cast<int32_t>(components);
    args.weights = static_cast<const float*>(weights_->data());
    args.means = static_cast<const float*>(means_->data());
    args.deviations = static_cast<const float*>(deviations_->data());
    args.input = call.input;
    args.times = call.times;
    args.output = call.output;
    args.scratch = static_cast<float*>(scratch_->data());
    call.backend->mixture(args);
  }

 private:
  static BufferPtr uploaded(Backend* backend, const std::vector<float>& values) {
    BufferPtr buffer = backend->allocate(values.size() * sizeof(float));
    backend->upload(buffer->data(), values.data(), values.size() * sizeof(float));
    return buffer;
  }

  static size_t scratch_bytes(int64_t rows, int64_t components) {
    constexpr int64_t kPerPair = mixture_scratch_floats(1, 1) * static_cast<int64_t>(sizeof(float));
    if (rows > std::numeric_limits<int64_t>::max() / kPerPair / components) {
      throw Failure(FailureCode::kOutOfMemory, "the mixture's scratch memory for " + std::to_string(rows) +
                                                   " rows and " + std::to_string(components) +
                                                   " components is too large");
    }
    return static_cast<size_t>(mixture_scratch_floats(rows, components)) * sizeof(float);
  }

  std::shared_ptr<const GaussianMixture> mixture_;
  BufferPtr weights_, means_, deviations_, scratch_;
  int64_t rows_ = 0;
};

}  // namespace

std::shared_ptr<const GaussianMixture> make_gaussian_mixture(std::vector<float> weights, std::vector<float> means,
                                                             std::vector<float> deviations) {
  const size_t components = weights.size();
  if (components == 0 || components > static_cast<size_t>(std::numeric_limits<int32_t>::max()) ||
      deviations.size() != components || means.size() % components != 0) {
    throw Failure(FailureCode::kModel,
                  "expected one deviation and one mean for each weight of the mixture but received " +
                      std::to_string(components) + " weights, " + std::to_string(deviations.size()) +
                      " deviations and " + std::to_string(means.size()) + " numbers for the means");
  }
  const auto elements = static_cast<int64_t>(means.size() / components);
  return std::make_shared<const GaussianMixture>(
      GaussianMixture{elements, std::move(weights), std::move(means), std::move(deviations)});
}

std::unique_ptr<Evaluator> bind_gaussian_mixture(std::shared_ptr<const GaussianMixture> mixture) {
  return std::make_unique<MixtureEvaluator>(std::move(mixture));
}

}  // namespace ds
