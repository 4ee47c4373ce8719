// Binding a model checks names, types and shapes against the model itself; what does not fit is the model's failure.
#include "evaluator_reader.h"

#include <cstring>
#include <map>
#include <utility>

#include "host_tensor.h"
#include "js_error.h"
#include "network_binding.h"

namespace ds {
namespace {

std::unique_ptr<Evaluator> bind_onnx(const Field& evaluator, OnnxBinding& binding, const Plan& plan) {
  if (!binding.session()) throw js_error(evaluator.value().Env(), "ERR_DISPOSED", "The model was released");
  const Field ports = evaluator.get("ports");
  const Field r = ports.get("r");
  const OnnxRoles roles{ports.get("x").text(), ports.get("t").text(), r.is_null() ? "" : r.text(),
                        ports.get("out").text()};
  std::vector<HostTensor> extra = read_host_tensors(evaluator.get("inputs"));
  // Reading ran the user's getters, and one of them may have released the model.
  if (!binding.session()) throw js_error(evaluator.value().Env(), "ERR_DISPOSED", "The model was released");
  return binding.session()->bind(roles, plan.rows, plan.row_shape, std::move(extra));
}

// Of one run.
using MixtureMemories = std::map<MixturePtr, MixtureMemoryPtr>;

std::unique_ptr<Evaluator> bind_mixture(const Field& evaluator, MixtureBinding& binding, const Plan& plan,
                                        MixtureMemories* memories) {
  const MixturePtr mixture = binding.mixture();
  if (!mixture) throw js_error(evaluator.value().Env(), "ERR_DISPOSED", "The network was released");
  MixtureMemoryPtr& memory = (*memories)[mixture];
  if (!memory) memory = make_mixture_memory(mixture);
  const Field inputs = evaluator.get("inputs");
  const std::vector<HostTensor> given = read_host_tensors(inputs);
  if (given.empty()) return bind_gaussian_mixture(memory);
  const HostTensor& y = given.front();
  if (given.size() > 1 || y.name != "y") inputs.refuse("no input but 'y', as the mixture takes no other,");
  if (y.type != TensorType::kInt32 || y.shape != std::vector<int64_t>{plan.rows}) {
    inputs.get("y").refuse("an int32 input of shape [" + std::to_string(plan.rows) + "], one label for each row,");
  }
  std::vector<int32_t> labels(static_cast<size_t>(plan.rows));
  if (!labels.empty()) std::memcpy(labels.data(), y.bytes.data(), y.bytes.size());
  return bind_gaussian_mixture(memory, std::move(labels));
}

std::unique_ptr<Evaluator> read_evaluator(const Field& evaluator, const Plan& plan, MixtureMemories* memories) {
  const Field network = evaluator.get("network");
  if (network.is_null()) return nullptr;
  if (OnnxBinding* onnx = OnnxBinding::from(network.value())) return bind_onnx(evaluator, *onnx, plan);
  if (MixtureBinding* mixture = MixtureBinding::from(network.value())) {
    return bind_mixture(evaluator, *mixture, plan, memories);
  }
  network.refuse("null or a network of this addon");
}

}  // namespace

std::vector<std::unique_ptr<Evaluator>> read_evaluators(const Field& evaluators, const Plan& plan) {
  std::vector<std::unique_ptr<Evaluator>> bound;
  MixtureMemories memories;
  const uint32_t count = evaluators.length();
  for (uint32_t i = 0; i < count; ++i) bound.push_back(read_evaluator(evaluators.at(i), plan, &memories));
  return bound;
}

}  // namespace ds
