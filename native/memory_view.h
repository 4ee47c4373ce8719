// A tensor's memory as JavaScript sees it without a copy: one array buffer, and who keeps its memory alive.
#pragma once

#include <napi.h>

#include <memory>

#include "tensor.h"

namespace ds {

// JavaScript thread only.
class MemoryView {
 public:
  // The buffer that is out, or a new one; it keeps `data` alive.
  Napi::ArrayBuffer buffer(Napi::Env env, const std::shared_ptr<TensorData>& data);
  // JavaScript loses the buffer that is out, which then keeps nothing. One that it has moved elsewhere is out of reach:
  // its memory stays until that one is collected.
  void detach(Napi::Env env) noexcept;

 private:
  // Weak: who keeps no view need not keep its memory.
  Napi::Reference<Napi::ArrayBuffer> buffer_;
  class Loan;
  Loan* loan_ = nullptr;  // valid as long as buffer_ has a value that is not detached
};

}  // namespace ds
