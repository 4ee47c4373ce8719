// Four floats with NEON. Included by lanes.h alone, in its middle.
#pragma once

#include <arm_neon.h>

namespace ds {
namespace {

typedef float v4f __attribute__((vector_size(16)));
typedef uint32_t v4u __attribute__((vector_size(16)));
typedef int32_t v4i __attribute__((vector_size(16)));

template <>
struct Lane<v4f> {
  using Word = v4u;
  using Mask = v4i;
  static constexpr int kCount = 4;
  static constexpr bool kFloat16 = true;
};

template <>
inline v4f broadcast<v4f>(float x) {
  return vdupq_n_f32(x);
}

inline v4u bits(v4f x) { return reinterpret_cast<v4u>(x); }
inline v4f from_bits(v4u word) { return reinterpret_cast<v4f>(word); }
inline v4f fma_lane(v4f a, v4f b, v4f c) { return vfmaq_f32(c, a, b); }
inline v4f sqrt_lane(v4f x) { return vsqrtq_f32(x); }
inline v4f signed_to_float(v4u word) { return vcvtq_f32_s32(reinterpret_cast<v4i>(word)); }
inline v4u shift_right_signed(v4u word, int by) { return reinterpret_cast<v4u>(reinterpret_cast<v4i>(word) >> by); }

inline v4f select_lane(v4i mask, v4f yes, v4f no) { return vbslq_f32(reinterpret_cast<v4u>(mask), yes, no); }
inline v4u select_lane(v4i mask, v4u yes, v4u no) { return vbslq_u32(reinterpret_cast<v4u>(mask), yes, no); }
inline v4f select_top_bit(v4u word, v4f yes, v4f no) {
  return select_lane(reinterpret_cast<v4i>(shift_right_signed(word, 31)), yes, no);
}

inline void mul_wide(v4u a, v4u b, v4u* high, v4u* low) {
  const v4u first = reinterpret_cast<v4u>(vmull_u32(vget_low_u32(a), vget_low_u32(b)));
  const v4u last = reinterpret_cast<v4u>(vmull_high_u32(a, b));
  *low = vuzp1q_u32(first, last);
  *high = vuzp2q_u32(first, last);
}

inline bool any_nan(v4f x) { return vminvq_u32(vceqq_f32(x, x)) == 0; }

template <>
inline v4u load_halves<v4u>(const uint16_t* from) {
  return vmovl_u16(vld1_u16(from));
}
inline void store_halves(uint16_t* to, v4u halves) { vst1_u16(to, vmovn_u32(halves)); }

template <>
inline v4f load_float16<v4f>(const uint16_t* from) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from)));
}
template <>
inline v4u to_float16<v4f>(v4f x) {
  return vmovl_u16(vreinterpret_u16_f16(vcvt_f16_f32(x)));
}

inline v4u tile_block(v4u) { return v4u{0, 1, 2, 3}; }
inline void to_memory_order(v4f t[4]) {
  const v4f a = vzip1q_f32(t[0], t[2]), b = vzip2q_f32(t[0], t[2]);
  const v4f c = vzip1q_f32(t[1], t[3]), d = vzip2q_f32(t[1], t[3]);
  t[0] = vzip1q_f32(a, c);
  t[1] = vzip2q_f32(a, c);
  t[2] = vzip1q_f32(b, d);
  t[3] = vzip2q_f32(b, d);
}

}  // namespace
}  // namespace ds
