// Nothing here trusts a size or a type that JavaScript claims.
#include "js_field.h"

#include <cmath>
#include <sstream>

#include "js_error.h"

namespace ds {
namespace {

const char* array_name(napi_typedarray_type type) {
  static constexpr const char* kNames[] = {"Int8Array",    "Uint8Array",    "Uint8ClampedArray", "Int16Array",
                                           "Uint16Array",  "Int32Array",    "Uint32Array",       "Float32Array",
                                           "Float64Array", "BigInt64Array", "BigUint64Array"};
  const size_t index = static_cast<size_t>(type);
  return index < sizeof(kNames) / sizeof(kNames[0]) ? kNames[index] : "typed array";
}

std::string describe(const Napi::Value& value) {
  std::ostringstream text;
  switch (value.Type()) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return value.As<Napi::Boolean>().Value() ? "true" : "false";
    case napi_number:
      text.precision(17);
      text << value.As<Napi::Number>().DoubleValue();
      return text.str();
    case napi_string:
      return "a string";
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a bigint";
    case napi_external:
    case napi_object:
      break;
  }
  if (value.IsArray()) return "an array";
  if (value.IsTypedArray()) return array_name(value.As<Napi::TypedArray>().TypedArrayType());
  return "an object";
}

}  // namespace

void Field::refuse(const std::string& expected) const {
  throw js_type_error(value_.Env(), code_,
                      "Expected " + expected + " for " + path_ + " but received " + describe(value_));
}

Field Field::get(const char* key) const { return Field(object().Get(key), path_ + "." + key, code_); }

Field Field::at(uint32_t index) const {
  return Field(object().Get(index), path_ + "[" + std::to_string(index) + "]", code_);
}

uint32_t Field::length() const {
  if (!value_.IsArray()) refuse("an array");
  return value_.As<Napi::Array>().Length();
}

int64_t Field::integer(int64_t low, int64_t high) const {
  const auto wanted = [&] { return "an integer from " + std::to_string(low) + " to " + std::to_string(high); };
  if (!value_.IsNumber()) refuse(wanted());
  const double number = value_.As<Napi::Number>().DoubleValue();
  if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high)) || number != std::floor(number)) {
    refuse(wanted());
  }
  return static_cast<int64_t>(number);
}

double Field::number() const {
  if (!value_.IsNumber()) refuse("a number");
  return value_.As<Napi::Number>().DoubleValue();
}

bool Field::boolean() const {
  if (!value_.IsBoolean()) refuse("a boolean");
  return value_.As<Napi::Boolean>().Value();
}

std::string Field::text() const {
  if (!value_.IsString()) refuse("a string");
  return value_.As<Napi::String>().Utf8Value();
}

Napi::Object Field::object() const {
  if (!value_.IsObject()) refuse("an object");
  return value_.As<Napi::Object>();
}

Napi::Function Field::function() const {
  if (!value_.IsFunction()) refuse("a function");
  return value_.As<Napi::Function>();
}

std::vector<int64_t> Field::integers(int64_t low, int64_t high) const {
  std::vector<int64_t> read;
  const uint32_t count = length();
  for (uint32_t i = 0; i < count; ++i) read.push_back(at(i).integer(low, high));
  return read;
}

const void* Field::typed_data(napi_typedarray_type type, size_t* count) const {
  napi_typedarray_type found = napi_int8_array;
  void* data = nullptr;
  napi_value buffer = nullptr;
  size_t offset = 0;
  if (!value_.IsTypedArray() ||
      napi_get_typedarray_info(value_.Env(), value_, &found, count, &data, &buffer, &offset) != napi_ok ||
      found != type) {
    refuse(std::string("a ") + array_name(type));
  }
  return data;
}

}  // namespace ds
