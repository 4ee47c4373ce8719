// The lane: what a formula is written in, so that one text runs on a float, on eight floats, and on CUDA.
//
// A lane type F is `float`, or a vector of floats where the compiler is told of one: `v4f` of NEON, `v8f` of AVX2 with
// FMA and F16C, `v16f` of AVX-512. Its words U = word_of<F> are uint32_t or a vector of them. All have the plain
// operators + - * & | ^ ~ << >> and comparison; what those lack stands below. Sources are compiled with
// -ffp-contract=off or --fmad=false, so `*` and `+` round on their own and only fma_lane fuses.
//
// Everything has internal linkage: a template that was instantiated with AVX2 on must never be merged by the linker
// with its twin from a baseline source.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define DS_HD __host__ __device__
#else
#define DS_HD
#endif

// A host calls what is long or rare, so that the loop around it stays short; a device has no stack to call with.
#if defined(__CUDACC__) || defined(DS_CUDA_SIM)
#define DS_APART inline
#else
#define DS_APART __attribute__((noinline))
#endif

// nvcc's host pass knows neither spelling. DS_ROLLED: where a device should rather have registers.
#if defined(__CUDA_ARCH__)
#define DS_UNROLL _Pragma("unroll")
#define DS_ROLLED _Pragma("unroll 1")
#elif defined(__CUDACC__)
#define DS_UNROLL
#define DS_ROLLED
#else
#define DS_UNROLL _Pragma("GCC unroll 16")
#define DS_ROLLED
#endif

namespace ds {
namespace {

template <class F>
struct Lane;

template <>
struct Lane<float> {
  using Word = uint32_t;
  using Mask = bool;
  static constexpr int kCount = 1;
  // Whether the processor converts float16: whether there are load_float16() and to_float16().
  static constexpr bool kFloat16 = false;
};

template <class F>
using word_of = typename Lane<F>::Word;
template <class F>
using mask_of = typename Lane<F>::Mask;
template <class F>
constexpr int kLanes = Lane<F>::kCount;

template <class F>
DS_HD inline F broadcast(float x);

// ---- one float ----

template <>
DS_HD inline float broadcast<float>(float x) {
  return x;
}

DS_HD inline uint32_t bits(float x) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(x);
#else
  uint32_t word;
  std::memcpy(&word, &x, sizeof word);
  return word;
#endif
}

DS_HD inline float from_bits(uint32_t word) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(word);
#else
  float x;
  std::memcpy(&x, &word, sizeof x);
  return x;
#endif
}

// a * b + c with one rounding.
DS_HD inline float fma_lane(float a, float b, float c) {
#ifdef __CUDA_ARCH__
  return __fmaf_rn(a, b, c);
#else
  return __builtin_fmaf(a, b, c);
#endif
}

DS_HD inline float sqrt_lane(float x) {
#ifdef __CUDA_ARCH__
  return __fsqrt_rn(x);
#else
  return __builtin_sqrtf(x);
#endif
}

// The word as int32, rounded to nearest.
DS_HD inline float signed_to_float(uint32_t word) { return static_cast<float>(static_cast<int32_t>(word)); }

// Shifts copies of the top bit in.
DS_HD inline uint32_t shift_right_signed(uint32_t word, int by) {
  return static_cast<uint32_t>(static_cast<int32_t>(word) >> by);
}

DS_HD inline float select_lane(bool mask, float yes, float no) { return mask ? yes : no; }
DS_HD inline uint32_t select_lane(bool mask, uint32_t yes, uint32_t no) { return mask ? yes : no; }

// `yes` where the top bit of `word` is set.
DS_HD inline float select_top_bit(uint32_t word, float yes, float no) { return (word >> 31) != 0 ? yes : no; }

// Both halves of the 64-bit product.
DS_HD inline void mul_wide(uint32_t a, uint32_t b, uint32_t* high, uint32_t* low) {
#ifdef __CUDA_ARCH__
  // One 64-bit product would keep every word of a chain of rounds in a pair of registers.
  *high = __umulhi(a, b);
  *low = a * b;
#else
  const uint64_t product = static_cast<uint64_t>(a) * b;
  *high = static_cast<uint32_t>(product >> 32);
  *low = static_cast<uint32_t>(product);
#endif
}

DS_HD inline bool any_nan(float x) { return x != x; }

// kLanes<F> consecutive floats at any address.
template <class F>
DS_HD inline F load_lanes(const float* from) {
  F x;
  std::memcpy(&x, from, sizeof x);
  return x;
}
template <>
DS_HD inline float load_lanes<float>(const float* from) {
  return *from;
}

template <class F>
DS_HD inline void store_lanes(float* to, F x) {
  std::memcpy(to, &x, sizeof x);
}
template <>
DS_HD inline void store_lanes<float>(float* to, float x) {
  *to = x;
}

// The same past the caches where the processor can, at a multiple of the lanes' size; fence_streams() ends a run of
// them.
template <class F>
DS_HD inline void stream_lanes(float* to, F x) {
  store_lanes(to, x);
}
inline void fence_streams() {
#ifdef __x86_64__
  __builtin_ia32_sfence();
#endif
}

// The same for halves, each in the low bits of its word.
template <class U>
DS_HD inline U load_halves(const uint16_t* from);
template <>
DS_HD inline uint32_t load_halves<uint32_t>(const uint16_t* from) {
  return *from;
}
DS_HD inline void store_halves(uint16_t* to, uint32_t half) { *to = static_cast<uint16_t>(half); }

// float16 as floats, at any address.
template <class F>
DS_HD inline F load_float16(const uint16_t* from);
// Words of float16, rounded to nearest, ties to even.
template <class F>
DS_HD inline word_of<F> to_float16(F x);

// A tile is four lanes. Where vector j has word j of block tile_block<U>(l) in its lane l, to_memory_order() turns the
// four into the consecutive words of consecutive blocks.
DS_HD inline uint32_t tile_block(uint32_t) { return 0; }
DS_HD inline void to_memory_order(float*) {}

}  // namespace
}  // namespace ds

// What vectors of floats bring of the above. They have to be known before the templates below, which are of no
// namespace that a call would look into.
#ifndef __CUDACC__
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "lanes_avx2.h"
#if defined(__AVX512F__) || defined(DS_SIXTEEN_IN_HALVES)
#include "lanes_avx512.h"
#endif
#elif defined(__aarch64__)
#include "lanes_neon.h"
#endif
#endif

namespace ds {
namespace {

// ---- all of them ----

template <class U>
DS_HD inline U mul_hi(U a, U b) {
  U high, low;
  mul_wide(a, b, &high, &low);
  return high;
}

template <class U>
DS_HD inline U mul_lo(U a, U b) {
  return a * b;
}

template <class U>
DS_HD inline U broadcast_word(uint32_t x) {
  return U{} + x;
}

// c0 + c1 x + c2 x^2 + ..., fused from the highest power down.
template <class F>
DS_HD inline F horner(F, float c) {
  return broadcast<F>(c);
}
template <class F, class... Rest>
DS_HD inline F horner(F x, float c0, Rest... rest) {
  return fma_lane(horner(x, rest...), x, broadcast<F>(c0));
}

// ---- global memory: kernels read and write it only through these ----

template <class T>
DS_HD inline T load(const T* from) {
#ifdef DS_CUDA_SIM
  return cuda_sim::load(from);
#else
  return *from;
#endif
}
template <class T>
DS_HD inline void store(T* to, T value) {
#ifdef DS_CUDA_SIM
  cuda_sim::store(to, value);
#else
  *to = value;
#endif
}

// Four floats that move together; their address is a multiple of 16 bytes.
struct alignas(16) Quad {
  float at[4];
};

DS_HD inline Quad load4(const float* from) { return load(reinterpret_cast<const Quad*>(from)); }
DS_HD inline void store4(float* to, const Quad& value) {
#if defined(__CUDA_ARCH__) && !defined(DS_CUDA_SIM)
  // Compilers take the four apart and do not always put them together again.
  asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};"
               :
               : "l"(__cvta_generic_to_global(to)), "f"(value.at[0]), "f"(value.at[1]), "f"(value.at[2]),
                 "f"(value.at[3])
               : "memory");
#else
  store(reinterpret_cast<Quad*>(to), value);
#endif
}

// Four halves that move together, two to a word, the first in its low bits; their address is a multiple of 8 bytes.
struct alignas(8) HalfQuad {
  uint32_t at[2];
};

DS_HD inline HalfQuad load4(const uint16_t* from) { return load(reinterpret_cast<const HalfQuad*>(from)); }
DS_HD inline void store4(uint16_t* to, const HalfQuad& value) { store(reinterpret_cast<HalfQuad*>(to), value); }

}  // namespace
}  // namespace ds
