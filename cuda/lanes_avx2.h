// Eight floats with AVX2, FMA and F16C. Included by lanes.h alone, in its middle.
#pragma once

#include <immintrin.h>

namespace ds {
namespace {

typedef float v8f __attribute__((vector_size(32)));
typedef uint32_t v8u __attribute__((vector_size(32)));
typedef int32_t v8i __attribute__((vector_size(32)));

template <>
struct Lane<v8f> {
  using Word = v8u;
  using Mask = v8i;
  static constexpr int kCount = 8;
  static constexpr bool kFloat16 = true;
};

template <>
inline v8f broadcast<v8f>(float x) {
  return _mm256_set1_ps(x);
}

inline v8u bits(v8f x) { return reinterpret_cast<v8u>(x); }
inline v8f from_bits(v8u word) { return reinterpret_cast<v8f>(word); }
inline v8f fma_lane(v8f a, v8f b, v8f c) { return _mm256_fmadd_ps(a, b, c); }
inline v8f sqrt_lane(v8f x) { return _mm256_sqrt_ps(x); }
inline v8f signed_to_float(v8u word) { return _mm256_cvtepi32_ps(reinterpret_cast<__m256i>(word)); }
inline v8u shift_right_signed(v8u word, int by) { return reinterpret_cast<v8u>(reinterpret_cast<v8i>(word) >> by); }

inline v8f select_lane(v8i mask, v8f yes, v8f no) { return _mm256_blendv_ps(no, yes, reinterpret_cast<v8f>(mask)); }
inline v8u select_lane(v8i mask, v8u yes, v8u no) { return bits(select_lane(mask, from_bits(yes), from_bits(no))); }
inline v8f select_top_bit(v8u word, v8f yes, v8f no) { return _mm256_blendv_ps(no, yes, from_bits(word)); }

inline void mul_wide(v8u a, v8u b, v8u* high, v8u* low) {
  const __m256i x = reinterpret_cast<__m256i>(a), y = reinterpret_cast<__m256i>(b);
  const __m256i even = _mm256_mul_epu32(x, y);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(y, 32));
  *high = reinterpret_cast<v8u>(_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA));
  *low = reinterpret_cast<v8u>(_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA));
}

inline bool any_nan(v8f x) { return _mm256_movemask_ps(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)) != 0; }

template <>
inline void stream_lanes(float* to, v8f x) {
  _mm256_stream_ps(to, x);
}

template <>
inline v8u load_halves<v8u>(const uint16_t* from) {
  return reinterpret_cast<v8u>(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}
inline void store_halves(uint16_t* to, v8u halves) {
  const __m256i words = reinterpret_cast<__m256i>(halves);
  // Packs within each 128 bits, so that words 0 to 3 and 4 to 7 come in the quarters 0 and 2.
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0x08);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
}

template <>
inline v8f load_float16<v8f>(const uint16_t* from) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
template <>
inline v8u to_float16<v8f>(v8f x) {
  return reinterpret_cast<v8u>(_mm256_cvtepu16_epi32(_mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT)));
}

// Even blocks below, odd ones above: a transposition within each half then yields consecutive elements.
inline v8u tile_block(v8u) { return v8u{0, 2, 4, 6, 1, 3, 5, 7}; }
inline void to_memory_order(v8f t[4]) {
  const __m256 a = _mm256_unpacklo_ps(t[0], t[1]), b = _mm256_unpacklo_ps(t[2], t[3]);
  const __m256 c = _mm256_unpackhi_ps(t[0], t[1]), d = _mm256_unpackhi_ps(t[2], t[3]);
  t[0] = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0));
  t[1] = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2));
  t[2] = _mm256_shuffle_ps(c, d, _MM_SHUFFLE(1, 0, 1, 0));
  t[3] = _mm256_shuffle_ps(c, d, _MM_SHUFFLE(3, 2, 3, 2));
}

}  // namespace
}  // namespace ds
