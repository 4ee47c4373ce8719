// What a model declares about its inputs and outputs, held against what it is given; the sentences for both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "onnx_session.h"

namespace ds {

TensorType tensor_type(int type_number) noexcept;
int type_number(TensorType type) noexcept;
// 0 for kOther.
size_t byte_width(TensorType type) noexcept;

std::string type_name(int type_number);
// Symbolic dimensions are shown as '?'.
std::string shape_text(const std::vector<int64_t>& shape);
// 'x', 't' and 'y'.
std::string names_text(const std::vector<OnnxPort>& ports);

const OnnxPort* find_port(const std::vector<OnnxPort>& ports, const std::string& name) noexcept;

// A rank of 0 stands for a scalar and for "not declared": the C API does not tell them apart, so anything fits it and
// the library itself checks at run time.
bool shape_fits(const std::vector<int64_t>& declared, const std::vector<int64_t>& given) noexcept;

// Throws Failure(kModel) unless `tensor` has the type and shape of `port` and as many bytes as its shape says.
void check_tensor(const OnnxPort& port, const HostTensor& tensor, const std::string& model);

// Throws Failure(kModel) unless every input has exactly one of `given`, and every one of `given` is an input.
void check_names(const std::vector<OnnxPort>& inputs, const std::vector<std::string>& given, const std::string& model);

}  // namespace ds
