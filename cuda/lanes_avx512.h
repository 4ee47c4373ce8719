// Sixteen floats: with AVX-512, or as two halves with AVX2, which shows their bits where AVX-512 is not there. Included
// by lanes.h alone, in its middle.
#pragma once

namespace ds {
namespace {

typedef float v16f __attribute__((vector_size(64)));
typedef uint32_t v16u __attribute__((vector_size(64)));
typedef int32_t v16i __attribute__((vector_size(64)));

template <>
struct Lane<v16f> {
  using Word = v16u;
  using Mask = v16i;
  static constexpr int kCount = 16;
  static constexpr bool kFloat16 = true;
};

inline v16u bits(v16f x) { return reinterpret_cast<v16u>(x); }
inline v16f from_bits(v16u word) { return reinterpret_cast<v16f>(word); }
inline v16u shift_right_signed(v16u word, int by) { return reinterpret_cast<v16u>(reinterpret_cast<v16i>(word) >> by); }

// Every fourth block to a quarter: a transposition within each quarter then yields consecutive elements.
inline v16u tile_block(v16u) { return v16u{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}; }

#ifdef __AVX512F__

template <>
inline v16f broadcast<v16f>(float x) {
  return _mm512_set1_ps(x);
}
inline v16f fma_lane(v16f a, v16f b, v16f c) { return _mm512_fmadd_ps(a, b, c); }
inline v16f sqrt_lane(v16f x) { return _mm512_sqrt_ps(x); }
inline v16f signed_to_float(v16u word) { return _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(word)); }

inline __mmask16 to_mask(v16i mask) { return _mm512_cmplt_epi32_mask(reinterpret_cast<__m512i>(mask), __m512i{}); }
inline v16f select_lane(v16i mask, v16f yes, v16f no) { return _mm512_mask_blend_ps(to_mask(mask), no, yes); }
inline v16u select_lane(v16i mask, v16u yes, v16u no) { return bits(select_lane(mask, from_bits(yes), from_bits(no))); }
inline v16f select_top_bit(v16u word, v16f yes, v16f no) { return select_lane(reinterpret_cast<v16i>(word), yes, no); }

inline void mul_wide(v16u a, v16u b, v16u* high, v16u* low) {
  constexpr __mmask16 kOdd = 0xAAAA;
  const __m512i x = reinterpret_cast<__m512i>(a), y = reinterpret_cast<__m512i>(b);
  const __m512i even = _mm512_mul_epu32(x, y);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(y, 32));
  *high = reinterpret_cast<v16u>(_mm512_mask_blend_epi32(kOdd, _mm512_srli_epi64(even, 32), odd));
  *low = reinterpret_cast<v16u>(_mm512_mask_blend_epi32(kOdd, even, _mm512_slli_epi64(odd, 32)));
}

inline bool any_nan(v16f x) { return _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q) != 0; }

template <>
inline void stream_lanes(float* to, v16f x) {
  _mm512_stream_ps(to, x);
}

template <>
inline v16u load_halves<v16u>(const uint16_t* from) {
  return reinterpret_cast<v16u>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
}
inline void store_halves(uint16_t* to, v16u halves) {
  const __m256i packed = _mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(halves));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), packed);
}
template <>
inline v16f load_float16<v16f>(const uint16_t* from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
template <>
inline v16u to_float16<v16f>(v16f x) {
  return reinterpret_cast<v16u>(_mm512_cvtepu16_epi32(_mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT)));
}

inline void to_memory_order(v16f t[4]) {
  const __m512 a = _mm512_unpacklo_ps(t[0], t[1]), b = _mm512_unpacklo_ps(t[2], t[3]);
  const __m512 c = _mm512_unpackhi_ps(t[0], t[1]), d = _mm512_unpackhi_ps(t[2], t[3]);
  t[0] = _mm512_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 1, 0));
  t[1] = _mm512_shuffle_ps(a, b, _MM_SHUFFLE(3, 2, 3, 2));
  t[2] = _mm512_shuffle_ps(c, d, _MM_SHUFFLE(1, 0, 1, 0));
  t[3] = _mm512_shuffle_ps(c, d, _MM_SHUFFLE(3, 2, 3, 2));
}

#else

template <class Whole, class Half>
struct Halves {
  Half of[2];
  Halves() = default;
  explicit Halves(Whole whole) { std::memcpy(of, &whole, sizeof whole); }
  Whole whole() const {
    Whole both;
    std::memcpy(&both, of, sizeof both);
    return both;
  }
};
using Floats = Halves<v16f, v8f>;
using Words = Halves<v16u, v8u>;
using Masks = Halves<v16i, v8i>;

template <>
inline v16f broadcast<v16f>(float x) {
  return v16f{} + x;
}
inline v16f fma_lane(v16f a, v16f b, v16f c) {
  const Floats x(a), y(b), z(c);
  Floats sum;
  for (int h = 0; h < 2; ++h) sum.of[h] = fma_lane(x.of[h], y.of[h], z.of[h]);
  return sum.whole();
}
inline v16f sqrt_lane(v16f x) {
  Floats root(x);
  for (v8f& half : root.of) half = sqrt_lane(half);
  return root.whole();
}
inline v16f signed_to_float(v16u word) {
  const Words words(word);
  Floats floats;
  for (int h = 0; h < 2; ++h) floats.of[h] = signed_to_float(words.of[h]);
  return floats.whole();
}
inline v16f select_lane(v16i mask, v16f yes, v16f no) {
  const Masks masks(mask);
  const Floats x(yes), y(no);
  Floats chosen;
  for (int h = 0; h < 2; ++h) chosen.of[h] = select_lane(masks.of[h], x.of[h], y.of[h]);
  return chosen.whole();
}
inline v16u select_lane(v16i mask, v16u yes, v16u no) { return bits(select_lane(mask, from_bits(yes), from_bits(no))); }
inline v16f select_top_bit(v16u word, v16f yes, v16f no) {
  return select_lane(reinterpret_cast<v16i>(shift_right_signed(word, 31)), yes, no);
}
inline void mul_wide(v16u a, v16u b, v16u* high, v16u* low) {
  const Words x(a), y(b);
  Words up, down;
  for (int h = 0; h < 2; ++h) mul_wide(x.of[h], y.of[h], &up.of[h], &down.of[h]);
  *high = up.whole();
  *low = down.whole();
}
inline bool any_nan(v16f x) {
  const Floats floats(x);
  return any_nan(floats.of[0]) || any_nan(floats.of[1]);
}
template <>
inline void stream_lanes(float* to, v16f x) {
  const Floats floats(x);
  for (int h = 0; h < 2; ++h) stream_lanes(to + 8 * h, floats.of[h]);
}
template <>
inline v16u load_halves<v16u>(const uint16_t* from) {
  Words words;
  for (int h = 0; h < 2; ++h) words.of[h] = load_halves<v8u>(from + 8 * h);
  return words.whole();
}
inline void store_halves(uint16_t* to, v16u halves) {
  const Words words(halves);
  for (int h = 0; h < 2; ++h) store_halves(to + 8 * h, words.of[h]);
}
template <>
inline v16f load_float16<v16f>(const uint16_t* from) {
  Floats floats;
  for (int h = 0; h < 2; ++h) floats.of[h] = load_float16<v8f>(from + 8 * h);
  return floats.whole();
}
template <>
inline v16u to_float16<v16f>(v16f x) {
  const Floats floats(x);
  Words words;
  for (int h = 0; h < 2; ++h) words.of[h] = to_float16<v8f>(floats.of[h]);
  return words.whole();
}
inline void to_memory_order(v16f t[4]) {
  // Quarter q of vector i is lane 4 q + i of each.
  float lanes[4][16], order[4][16];
  for (int i = 0; i < 4; ++i) store_lanes(lanes[i], t[i]);
  for (int lane = 0; lane < 16; ++lane) {
    for (int word = 0; word < 4; ++word) order[lane % 4][lane / 4 * 4 + word] = lanes[word][lane];
  }
  for (int i = 0; i < 4; ++i) t[i] = load_lanes<v16f>(order[i]);
}

#endif

}  // namespace
}  // namespace ds
