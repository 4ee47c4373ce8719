// Binding a model checks names, types and shapes against the model itself; what does not fit is the model's failure.
#include "evaluator_reader.h"

#include <utility>

#include "host_tensor.h"
#include "js_error.h"
#include "network_binding.h"

namespace ds {
namespace {

std::unique_ptr<Evaluator> bind_onnx(const Field& evaluator, OnnxBinding& binding, const Plan& plan) {
  if (!binding.session()) throw js_error(evaluator.value().Env(), "ERR_DISPOSED", "The model was released");
  const Field ports = evaluator.get("ports");
  const std::string x = ports.get("x").text(), t = ports.get("t").text(), out = ports.get("out").text();
  std::vector<HostTensor> extra = read_host_tensors(evaluator.get("inputs"));
  return binding.session()->bind(x, t, out, plan.rows, plan.row_shape, std::move(extra));
}

std::unique_ptr<Evaluator> bind_mixture(const Field& evaluator, MixtureBinding& binding) {
  if (!binding.mixture()) throw js_error(evaluator.value().Env(), "ERR_DISPOSED", "The network was released");
  if (read_host_tensors(evaluator.get("inputs")).empty()) return bind_gaussian_mixture(binding.mixture());
  evaluator.get("inputs").refuse("no inputs, as the mixture takes none,");
}

std::unique_ptr<Evaluator> read_evaluator(const Field& evaluator, const Plan& plan) {
  const Field network = evaluator.get("network");
  if (network.is_null()) return nullptr;
  if (OnnxBinding* onnx = OnnxBinding::from(network.value())) return bind_onnx(evaluator, *onnx, plan);
  if (MixtureBinding* mixture = MixtureBinding::from(network.value())) return bind_mixture(evaluator, *mixture);
  network.refuse("null or a network of this addon");
}

}  // namespace

std::vector<std::unique_ptr<Evaluator>> read_evaluators(const Field& evaluators, const Plan& plan) {
  std::vector<std::unique_ptr<Evaluator>> bound;
  const uint32_t count = evaluators.length();
  for (uint32_t i = 0; i < count; ++i) bound.push_back(read_evaluator(evaluators.at(i), plan));
  return bound;
}

}  // namespace ds
