// The networks of measurements.
#include "networks.h"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "../nets/gaussian_mixture.h"
#include "../onnx/onnx_session.h"
#include "line.h"
#include "numbers.h"

namespace ds {
namespace {

// Answers with numbers that it has put there once, in the first call for each buffer.
class FreeNetwork final : public Evaluator {
 public:
  explicit FreeNetwork(bool second_time) : second_time_(second_time) {}
  bool takes_second_time() const noexcept override { return second_time_; }
  // What it does in its first step is not repeated, so recordings hold nothing of it.
  std::shared_ptr<const void> blueprint() const noexcept override { return blueprint_; }
  void evaluate(const NetworkCall& call) override {
    if (std::find(filled_.begin(), filled_.end(), call.output) != filled_.end()) return;
    const auto count = static_cast<size_t>(call.rows * call.elements);
    const BufferPtr numbers = normals_on(call.backend, count);
    call.backend->copy(call.output, numbers->data(), count * sizeof(float));
    filled_.push_back(call.output);
  }

 private:
  const bool second_time_;
  const std::shared_ptr<const void> blueprint_ = std::make_shared<int>(0);
  std::vector<const void*> filled_;
};

// Answers with a copy of what it was asked.
class CopyNetwork final : public Evaluator {
 public:
  explicit CopyNetwork(bool second_time) : second_time_(second_time) {}
  bool takes_second_time() const noexcept override { return second_time_; }
  void evaluate(const NetworkCall& call) override {
    call.backend->copy(call.output, call.input, static_cast<size_t>(call.rows * call.elements) * sizeof(float));
  }

 private:
  const bool second_time_;
};

template <class Network>
class Plain final : public NetworkMaker {
 public:
  std::unique_ptr<Evaluator> make(int64_t, int64_t, bool second_time) override {
    return std::make_unique<Network>(second_time);
  }
};

// Exact networks of a mixture with two classes, of which a guide sees both at once.
class Mixture final : public NetworkMaker {
 public:
  explicit Mixture(MixtureKind kind) : kind_(kind) {}
  std::unique_ptr<Evaluator> make(int64_t rows, int64_t elements, bool second_time) override {
    if (second_time) throw std::invalid_argument("expected none or copy for the network of a flow map");
    constexpr size_t kComponents = 3;
    GaussianMixture mixture{kind_, 0.5, {1, 2, 3}, {}, {0.3f, 0.5f, 0.7f}, {0, 1, 1}};
    for (size_t i = 0; i < kComponents * static_cast<size_t>(elements); ++i) {
      mixture.means.push_back(static_cast<float>(i * 37 % 64) / 32.0f - 1.0f);
    }
    MixturePtr made = make_gaussian_mixture(std::move(mixture));
    if (made_++ % 2 == 1) return bind_gaussian_mixture(std::move(made));
    std::vector<int32_t> labels;
    for (int64_t row = 0; row < rows; ++row) labels.push_back(static_cast<int32_t>(row % 2));
    return bind_gaussian_mixture(std::move(made), std::move(labels));
  }

 private:
  const MixtureKind kind_;
  int made_ = 0;
};

class Onnx final : public NetworkMaker {
 public:
  Onnx(const std::string& library, const std::string& model) : session_(OnnxSession::load(library, model, {}, 1)) {}
  std::unique_ptr<Evaluator> make(int64_t rows, int64_t elements, bool) override {
    return session_->bind({"x", "t", "", "v"}, rows, {elements}, {});
  }

 private:
  std::shared_ptr<OnnxSession> session_;
};

}  // namespace

std::unique_ptr<NetworkMaker> read_network(Line* line) {
  const std::string model = line->word("model", ""), library = line->word("library", "");
  const std::string network = line->word("network", "none");
  if (!model.empty()) return std::make_unique<Onnx>(library, model);
  if (network == "none") return std::make_unique<Plain<FreeNetwork>>();
  if (network == "copy") return std::make_unique<Plain<CopyNetwork>>();
  if (network == "mixture-sit") return std::make_unique<Mixture>(MixtureKind::kSit);
  if (network == "mixture-edm") return std::make_unique<Mixture>(MixtureKind::kEdm);
  throw std::invalid_argument("expected none, copy, mixture-sit or mixture-edm for network but received '" + network +
                              "'");
}

}  // namespace ds
