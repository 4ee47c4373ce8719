// The mixture's host side: its numbers are checked once, and go to the device with the first call of a run.
#include "gaussian_mixture.h"

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "../../cuda/failure.h"
#include "mixture_memory.h"

namespace ds {
namespace {

[[noreturn]] void refuse(const std::string& sentence) { throw Failure(FailureCode::kModel, sentence); }

class MixtureEvaluator final : public Evaluator {
 public:
  MixtureEvaluator(MixtureMemoryPtr memory, bool labelled, std::vector<int32_t> labels)
      : mixture_(memory->mixture()), memory_(std::move(memory)), labelled_(labelled), labels_(std::move(labels)) {}

  // The list of classes stands for "with labels", which the kernels have an argument for.
  std::shared_ptr<const void> blueprint() const noexcept override {
    return labelled_ ? std::shared_ptr<const void>(mixture_, &mixture_->classes) : mixture_;
  }

  void prepare(Backend* backend, int64_t rows, int64_t elements) override {
    const int64_t own_elements = static_cast<int64_t>(mixture_->means.size() / mixture_->weights.size());
    if (elements != own_elements) {
      refuse("the mixture has means of " + std::to_string(own_elements) + " elements but the state has rows of " +
             std::to_string(elements));
    }
    if (labelled_ && static_cast<int64_t>(labels_.size()) != rows) {
      refuse("the mixture has labels for " + std::to_string(labels_.size()) + " rows but the state has " +
             std::to_string(rows));
    }
    memory_->prepare(backend, rows, labelled_);
    if (labelled_ && !labels_there_ && !backend->host_memory()) {
      const size_t bytes = labels_.size() * sizeof(int32_t);
      if (!device_labels_) device_labels_ = backend->allocate(bytes);
      backend->upload(device_labels_->data(), labels_.data(), bytes);
      labels_there_ = true;
    }
  }

  // Equal runs have the same mixtures at the same places, so the first network of each brings and takes what all of
  // them share, in one run as in the next.
  std::vector<BufferPtr> release_memory() override {
    std::vector<BufferPtr> memory;
    memory_->release(&memory);
    memory.push_back(std::move(device_labels_));
    return memory;
  }
  void take_memory(std::vector<BufferPtr> memory) override {
    if (memory.empty()) return;
    memory_->take(&memory);
    device_labels_ = std::move(memory.back());
    labels_there_ = false;
  }

  void evaluate(const NetworkCall& call) override {
    prepare(call.backend, call.rows, call.elements);
    MixtureArgs args{};
    args.kind = mixture_->kind;
    args.components = static_cast<int32_t>(mixture_->weights.size());
    args.sigma_data = mixture_->sigma_data;
    args.rows = call.rows;
    args.elements = call.elements;
    memory_->fill(&args, labelled_);
    if (labelled_) args.labels = readable(device_labels_, labels_);
    args.input = static_cast<const float*>(call.input);
    args.times = call.times;
    args.output = static_cast<float*>(call.output);
    args.cursor = call.cursor;
    call.backend->mixture(args);
  }

 private:
  const MixturePtr mixture_;
  const MixtureMemoryPtr memory_;
  const bool labelled_;
  const std::vector<int32_t> labels_;
  BufferPtr device_labels_;
  bool labels_there_ = false;
};

}  // namespace

MixturePtr make_gaussian_mixture(GaussianMixture mixture) {
  const size_t components = mixture.weights.size();
  if (components == 0 || components > static_cast<size_t>(std::numeric_limits<int32_t>::max()) ||
      mixture.deviations.size() != components || mixture.means.size() % components != 0) {
    refuse("expected one deviation and one mean for each weight of the mixture but received " +
           std::to_string(components) + " weights, " + std::to_string(mixture.deviations.size()) + " deviations and " +
           std::to_string(mixture.means.size()) + " numbers for the means");
  }
  if (!mixture.classes.empty() && mixture.classes.size() != components) {
    refuse("expected a class for each of the " + std::to_string(components) +
           " components of the mixture but received " + std::to_string(mixture.classes.size()));
  }
  for (size_t k = 0; k < mixture.classes.size(); ++k) {
    if (mixture.classes[k] < 0) {
      refuse("expected 0 or more for the class of component " + std::to_string(k) + " but received " +
             std::to_string(mixture.classes[k]));
    }
  }
  if (mixture.kind == MixtureKind::kEdm && !(mixture.sigma_data > 0 && std::isfinite(mixture.sigma_data))) {
    refuse("expected a positive number for sigmaData but received " + std::to_string(mixture.sigma_data));
  }
  return std::make_shared<const GaussianMixture>(std::move(mixture));
}

MixtureMemoryPtr make_mixture_memory(MixturePtr mixture) { return std::make_shared<MixtureMemory>(std::move(mixture)); }

std::unique_ptr<Evaluator> bind_gaussian_mixture(MixtureMemoryPtr memory) {
  return std::make_unique<MixtureEvaluator>(std::move(memory), false, std::vector<int32_t>());
}

std::unique_ptr<Evaluator> bind_gaussian_mixture(MixtureMemoryPtr memory, std::vector<int32_t> labels) {
  const GaussianMixture& mixture = *memory->mixture();
  if (mixture.classes.empty()) refuse("expected no labels, as the mixture has no classes");
  std::set<int32_t> known{-1};
  for (size_t k = 0; k < mixture.classes.size(); ++k) {
    if (mixture.weights[k] > 0.0f) known.insert(mixture.classes[k]);
  }
  for (size_t row = 0; row < labels.size(); ++row) {
    if (known.count(labels[row]) == 0) {
      refuse("row " + std::to_string(row) + " has the label " + std::to_string(labels[row]) +
             ", which no component of the mixture has");
    }
  }
  return std::make_unique<MixtureEvaluator>(std::move(memory), true, std::move(labels));
}

}  // namespace ds
