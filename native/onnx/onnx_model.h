// The one kind of session there is: a loaded model with its ports.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "onnx_session.h"
#include "ort_api.h"

namespace ds {

class OnnxModel final : public OnnxSession {
 public:
  // `label` is how sentences speak of the model.
  OnnxModel(std::shared_ptr<const ort::Library> library, ort::SessionHandle session, std::string label);

  const std::vector<OnnxPort>& inputs() const override { return inputs_; }
  const std::vector<OnnxPort>& outputs() const override { return outputs_; }
  std::unique_ptr<OnnxCall> call() override;
  std::unique_ptr<Evaluator> bind(const OnnxRoles& roles, int64_t rows, const std::vector<int64_t>& row_shape,
                                  std::vector<HostTensor> extra) override;

  const ort::Library& library() const noexcept { return *library_; }
  ort::Session* session() const noexcept { return session_.get(); }
  const std::string& label() const noexcept { return label_; }

  // Runs once on host tensors.
  std::vector<HostTensor> run(std::vector<HostTensor> feeds, const ort::RunOptions* options) const;

 private:
  HostTensor read_output(const OnnxPort& port, ort::Value* value) const;

  std::shared_ptr<const ort::Library> library_;
  ort::SessionHandle session_;
  std::string label_;
  std::vector<OnnxPort> inputs_;
  std::vector<OnnxPort> outputs_;
};

// Shape of a tensor's description.
std::vector<int64_t> read_shape(const ort::Api& api, const ort::TensorInfo* info);

}  // namespace ds
