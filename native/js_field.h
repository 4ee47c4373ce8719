// A JavaScript value with the path that names it: every reading either succeeds or throws an error that says where.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ds {

class Field {
 public:
  // `code` is the `code` of the errors; a literal.
  Field(Napi::Value value, std::string path, const char* code) : value_(value), path_(std::move(path)), code_(code) {}

  Field get(const char* key) const;
  Field at(uint32_t index) const;
  // Elements of an array.
  uint32_t length() const;
  bool is_null() const { return value_.IsNull(); }
  const Napi::Value& value() const { return value_; }
  const std::string& path() const { return path_; }

  int64_t integer(int64_t low, int64_t high) const;
  double number() const;
  bool boolean() const;
  std::string text() const;
  Napi::Object object() const;
  Napi::Function function() const;
  std::vector<int64_t> integers(int64_t low, int64_t high) const;

  // A copy of a typed array of exactly the type that holds T.
  template <typename T>
  std::vector<T> array() const {
    size_t count = 0;
    const auto* data = static_cast<const T*>(typed_data(array_type(T{}), &count));
    return std::vector<T>(data, data + count);
  }
  // The array's own memory, for the length of one call.
  const float* floats(size_t* count) const { return static_cast<const float*>(typed_data(napi_float32_array, count)); }

  [[noreturn]] void refuse(const std::string& expected) const;

 private:
  static napi_typedarray_type array_type(float) { return napi_float32_array; }
  static napi_typedarray_type array_type(uint8_t) { return napi_uint8_array; }
  static napi_typedarray_type array_type(int32_t) { return napi_int32_array; }
  static napi_typedarray_type array_type(uint32_t) { return napi_uint32_array; }
  static napi_typedarray_type array_type(int64_t) { return napi_bigint64_array; }
  static napi_typedarray_type array_type(uint64_t) { return napi_biguint64_array; }
  const void* typed_data(napi_typedarray_type type, size_t* count) const;

  Napi::Value value_;
  std::string path_;
  const char* code_;
};

}  // namespace ds
