// Errors on their way to JavaScript: every one carries `code`.
#pragma once

#include <napi.h>

#include <exception>
#include <new>
#include <string>

#include "../cuda/failure.h"

namespace ds {

inline const char* code_name(FailureCode code) {
  switch (code) {
    case FailureCode::kAborted:
      return "ABORTED";
    case FailureCode::kNumerical:
      return "NUMERICAL";
    case FailureCode::kOutOfMemory:
      return "OUT_OF_MEMORY";
    case FailureCode::kCuda:
      return "CUDA";
    case FailureCode::kModel:
      return "MODEL";
    case FailureCode::kInternal:
      break;
  }
  return "INTERNAL";
}

// Takes no memory but JavaScript's, so that it can be made while there is none.
inline Napi::Error js_error(Napi::Env env, const char* code, const char* message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

inline Napi::Error js_error(Napi::Env env, const char* code, const std::string& message) {
  return js_error(env, code, message.c_str());
}

inline Napi::TypeError js_type_error(Napi::Env env, const char* code, const std::string& message) {
  Napi::TypeError error = Napi::TypeError::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

inline Napi::Error closed_error(Napi::Env env) { return js_error(env, "ERR_CLOSED", "The device is closed"); }

// The exception being handled, as a JavaScript error.
inline Napi::Error current_js_error(Napi::Env env) {
  try {
    throw;
  } catch (const Napi::Error& error) {
    return error;
  } catch (const Failure& failure) {
    return js_error(env, code_name(failure.code), failure.what());
  } catch (const std::bad_alloc&) {
    return js_error(env, "OUT_OF_MEMORY", "Out of memory");
  } catch (const std::exception& error) {
    return js_error(env, "INTERNAL", error.what());
  } catch (...) {
    return js_error(env, "INTERNAL", "An unknown exception");
  }
}

// The border: whatever `body` throws leaves as a JavaScript error.
template <typename Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (...) {
    throw current_js_error(env);
  }
}

}  // namespace ds
