// The processor's floating-point mode: default while our formulas run, whatever foreign code has left behind.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ds {

class FloatMode {
 public:
  FloatMode(const FloatMode&) = delete;
  FloatMode& operator=(const FloatMode&) = delete;
#if defined(__x86_64__)
  // Round to nearest, subnormals kept, exceptions masked.
  FloatMode() noexcept : found_(_mm_getcsr()) { _mm_setcsr(0x1F80u); }
  ~FloatMode() { _mm_setcsr(found_); }

 private:
  unsigned found_;
#elif defined(__aarch64__)
  FloatMode() noexcept : found_(__builtin_aarch64_get_fpcr()) { __builtin_aarch64_set_fpcr(0); }
  ~FloatMode() { __builtin_aarch64_set_fpcr(found_); }

 private:
  unsigned found_;
#else
  FloatMode() noexcept {}
  ~FloatMode() {}
#endif
};

}  // namespace ds
