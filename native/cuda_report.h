// What the CUDA driver says, for JavaScript.
#pragma once

#include <napi.h>

namespace ds {

// `cuda()` of the addon. Asks the driver; nothing does so before.
Napi::Value report_cuda(const Napi::CallbackInfo& info);

}  // namespace ds
