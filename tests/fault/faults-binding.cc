// The same faults for JavaScript: a library that is loaded before Node, and once more as a module of it.
#include <node_api.h>

#include <cstdint>

#include "../native/allocation_faults.h"

namespace {

double number_of(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

napi_value number(napi_env env, double value) {
  napi_value made = nullptr;
  napi_create_double(env, value, &made);
  return made;
}

// watch(suffix): boolean
napi_value watch(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value suffix = nullptr, found = nullptr;
  char text[256] = "";
  napi_get_cb_info(env, info, &count, &suffix, nullptr, nullptr);
  napi_get_value_string_utf8(env, suffix, text, sizeof text, nullptr);
  napi_get_boolean(env, ds::faults::watch(text), &found);
  return found;
}

// arm(first, last)
napi_value arm(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value limits[2] = {};
  napi_get_cb_info(env, info, &count, limits, nullptr, nullptr);
  ds::faults::arm(static_cast<uint64_t>(number_of(env, limits[0])), static_cast<uint64_t>(number_of(env, limits[1])));
  return nullptr;
}

napi_value counted(napi_env env, napi_callback_info) { return number(env, static_cast<double>(ds::faults::counted())); }

napi_value failed(napi_env env, napi_callback_info) { return number(env, static_cast<double>(ds::faults::failed())); }

napi_value live_blocks(napi_env env, napi_callback_info) {
  return number(env, static_cast<double>(ds::faults::live_blocks()));
}

}  // namespace

NAPI_MODULE_INIT() {
  const auto define = [&](const char* name, napi_callback callback) {
    napi_value function = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  };
  define("watch", watch);
  define("arm", arm);
  define("counted", counted);
  define("failed", failed);
  define("liveBlocks", live_blocks);
  return exports;
}
