// The built-in mixture network as JavaScript holds it.
#include "network_binding.h"

namespace ds {

void MixtureBinding::define(Napi::Env env) {
  BindingClass::define(env, "NativeMixture", {InstanceMethod<&MixtureBinding::release>("release")});
}

}  // namespace ds
