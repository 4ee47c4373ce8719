// The threads with which ONNX Runtime helps whoever calls a session.
#pragma once

#include "ort_api.h"

namespace ds {

// The session's threads give way to all others: they take what cores are free, and where every core has a run of its
// own they stand back, so that many calls at once do not come to more threads at work than there are cores.
void let_helpers_give_way(const ort::Api& api, ort::SessionOptions* options);

}  // namespace ds
