// What the classes of the addon share: made only by the addon, and told apart by a tag rather than by trust.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "environment.h"
#include "js_error.h"

namespace ds {

// `Self` has a constructor that calls this one, then take().
template <typename Self, typename PayloadType, Environment::ClassId kId>
class BindingClass : public Napi::ObjectWrap<Self> {
 public:
  using Payload = PayloadType;

  static Napi::Object make(Napi::Env env, Payload payload) {
    Environment::ClassSlot& slot = Environment::of(env).slot(kId);
    slot.payload = &payload;
    try {
      Napi::Object object = slot.constructor.New({});
      slot.payload = nullptr;
      return object;
    } catch (...) {
      // Untouched where there was no memory for the object itself, which comes back from JavaScript as a plain Error.
      const bool unmade = std::exchange(slot.payload, nullptr) != nullptr;
      if (unmade) throw std::bad_alloc();
      throw;
    }
  }

  // Null unless `value` was made by make().
  static Self* from(const Napi::Value& value) {
    if (!value.IsObject()) return nullptr;
    bool tagged = false;
    const napi_type_tag tag = type_tag();
    if (napi_check_object_type_tag(value.Env(), value, &tag, &tagged) != napi_ok || !tagged) return nullptr;
    return Napi::ObjectWrap<Self>::Unwrap(value.As<Napi::Object>());
  }

 protected:
  explicit BindingClass(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Self>(info) {}

  // A getter that refuses other objects than ours: V8 does so for methods only.
  template <Napi::Value (Self::*kGetter)(const Napi::CallbackInfo&)>
  static Napi::ClassPropertyDescriptor<Self> Accessor(const char* name) {
    napi_property_descriptor descriptor{};
    descriptor.utf8name = name;
    descriptor.getter = get<kGetter>;
    return Napi::ClassPropertyDescriptor<Self>(descriptor);
  }

  // What make() was given; throws when JavaScript called the constructor.
  static Payload take(const Napi::CallbackInfo& info) {
    Environment::ClassSlot& slot = Environment::of(info.Env()).slot(kId);
    if (slot.payload == nullptr) {
      throw js_type_error(info.Env(), "ERR_ILLEGAL_CONSTRUCTOR", "Made only by a device");
    }
    Payload payload = std::move(*static_cast<Payload*>(slot.payload));
    slot.payload = nullptr;
    const napi_type_tag tag = type_tag();
    if (napi_type_tag_object(info.Env(), info.This(), &tag) != napi_ok) throw Napi::Error::New(info.Env());
    return payload;
  }

  static void define(Napi::Env env, const char* name,
                     const std::vector<Napi::ClassPropertyDescriptor<Self>>& properties) {
    Environment::of(env).slot(kId).constructor =
        Napi::Persistent(Napi::ObjectWrap<Self>::DefineClass(env, name, properties));
  }

 private:
  template <Napi::Value (Self::*kGetter)(const Napi::CallbackInfo&)>
  static napi_value get(napi_env raw_env, napi_callback_info raw_info) noexcept {
    const Napi::Env env(raw_env);
    try {
      return guarded(env, [&]() -> napi_value {
        const Napi::CallbackInfo info(raw_env, raw_info);
        Self* self = from(info.This());
        if (self == nullptr) throw js_type_error(env, "ERR_INVALID_THIS", "Illegal invocation");
        return (self->*kGetter)(info);
      });
    } catch (const Napi::Error& error) {
      throw_in_javascript(error);
    } catch (...) {
      // The environment is terminating.
    }
    return nullptr;
  }

  static void throw_in_javascript(const Napi::Error& error) noexcept {
    try {
      error.ThrowAsJavaScriptException();
    } catch (...) {
      // The environment is terminating.
    }
  }

  // Other copies of this addon in the process, of whatever version, have other addresses.
  static napi_type_tag type_tag() {
    static const char here = 0;
    return {0x6b1f0c52d94e4a37ull ^ reinterpret_cast<uintptr_t>(&here), 0x9d3c7a1be2080000ull + kId};
  }
};

}  // namespace ds
