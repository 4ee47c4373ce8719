// The PTX that the kernels may be made of, one line for each instruction or family: its name and what it computes.
//
// Integers, comparisons and memory come as families, of which a compiler takes now this one, now that. Float arithmetic
// is what is listed, all of it rounded to nearest once. What stands nowhere here is refused.
//
// mov.high.b64 is our name for mov.b64 {tmp, high}, x. Sources are x, y and z, of type In; the result is of type Out.
// NaN results of float32 arithmetic have the one payload that devices give them.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace ds::ptx {

inline float canonical(float x) {
  const uint32_t nan = 0x7FFFFFFFu;
  if (x != x) std::memcpy(&x, &nan, sizeof x);
  return x;
}

template <class T>
T shift_left(T x, uint32_t by) {
  return by < 8 * sizeof(T) ? static_cast<T>(x << by) : T{0};
}
template <class T>
T shift_right(T x, uint32_t by) {
  const uint32_t most = 8 * sizeof(T) - 1;
  if (by <= most) return static_cast<T>(x >> by);
  return std::is_signed<T>::value ? static_cast<T>(x >> most) : T{0};
}

template <class T>
T insert_bits(T x, T y, uint32_t position, uint32_t length) {
  const uint32_t width = 8 * sizeof(T);
  if (position >= width || length == 0) return y;
  const T ones = length >= width ? static_cast<T>(~T{0}) : static_cast<T>((T{1} << length) - 1);
  const T mask = static_cast<T>(ones << position);
  return static_cast<T>((y & ~mask) | (static_cast<T>(x << position) & mask));
}

}  // namespace ds::ptx

// (name, text, Out, In, expression)
#define DS_PTX_UNARY(V)                                                             \
  V(MovB16, "mov.b16", uint16_t, uint16_t, x)                                       \
  V(MovU16, "mov.u16", uint16_t, uint16_t, x)                                       \
  V(MovS16, "mov.s16", uint16_t, uint16_t, x)                                       \
  V(MovB32, "mov.b32", uint32_t, uint32_t, x)                                       \
  V(MovU32, "mov.u32", uint32_t, uint32_t, x)                                       \
  V(MovS32, "mov.s32", uint32_t, uint32_t, x)                                       \
  V(MovF32, "mov.f32", uint32_t, uint32_t, x)                                       \
  V(MovB64, "mov.b64", uint64_t, uint64_t, x)                                       \
  V(MovU64, "mov.u64", uint64_t, uint64_t, x)                                       \
  V(MovS64, "mov.s64", uint64_t, uint64_t, x)                                       \
  V(MovF64, "mov.f64", uint64_t, uint64_t, x)                                       \
  V(MovPred, "mov.pred", bool, bool, x)                                             \
  V(MovHighB64, "mov.high.b64", uint32_t, uint64_t, static_cast<uint32_t>(x >> 32)) \
  V(CvtaToGlobalU64, "cvta.to.global.u64", uint64_t, uint64_t, x)                   \
  V(NotPred, "not.pred", bool, bool, !x)                                            \
  V(NotB16, "not.b16", uint16_t, uint16_t, static_cast<uint16_t>(~x))               \
  V(NotB32, "not.b32", uint32_t, uint32_t, ~x)                                      \
  V(NotB64, "not.b64", uint64_t, uint64_t, ~x)                                      \
  V(NegS16, "neg.s16", uint16_t, uint16_t, static_cast<uint16_t>(0u - x))           \
  V(NegS32, "neg.s32", uint32_t, uint32_t, 0u - x)                                  \
  V(NegS64, "neg.s64", uint64_t, uint64_t, 0u - x)                                  \
  V(NegF32, "neg.f32", float, float, canonical(-x))                                 \
  V(NegF64, "neg.f64", double, double, -x)                                          \
  V(AbsF32, "abs.f32", float, float, canonical(std::fabs(x)))                       \
  V(AbsF64, "abs.f64", double, double, std::fabs(x))                                \
  V(ClzB32, "clz.b32", uint32_t, uint32_t, x == 0 ? 32 : __builtin_clz(x))          \
  V(SqrtRnF32, "sqrt.rn.f32", float, float, canonical(std::sqrt(x)))                \
  V(SqrtRnF64, "sqrt.rn.f64", double, double, std::sqrt(x))                         \
  V(RcpRnF32, "rcp.rn.f32", float, float, canonical(1.0f / x))                      \
  V(RcpRnF64, "rcp.rn.f64", double, double, 1.0 / x)                                \
  V(CvtU16U32, "cvt.u16.u32", uint16_t, uint32_t, static_cast<uint16_t>(x))         \
  V(CvtU16S32, "cvt.u16.s32", uint16_t, int32_t, static_cast<uint16_t>(x))          \
  V(CvtU16U64, "cvt.u16.u64", uint16_t, uint64_t, static_cast<uint16_t>(x))         \
  V(CvtU16S64, "cvt.u16.s64", uint16_t, int64_t, static_cast<uint16_t>(x))          \
  V(CvtS16U32, "cvt.s16.u32", int16_t, uint32_t, static_cast<int16_t>(x))           \
  V(CvtS16S32, "cvt.s16.s32", int16_t, int32_t, static_cast<int16_t>(x))            \
  V(CvtS16U64, "cvt.s16.u64", int16_t, uint64_t, static_cast<int16_t>(x))           \
  V(CvtS16S64, "cvt.s16.s64", int16_t, int64_t, static_cast<int16_t>(x))            \
  V(CvtU32U16, "cvt.u32.u16", uint32_t, uint16_t, static_cast<uint32_t>(x))         \
  V(CvtU32S16, "cvt.u32.s16", uint32_t, int16_t, static_cast<uint32_t>(x))          \
  V(CvtU32U64, "cvt.u32.u64", uint32_t, uint64_t, static_cast<uint32_t>(x))         \
  V(CvtU32S64, "cvt.u32.s64", uint32_t, int64_t, static_cast<uint32_t>(x))          \
  V(CvtS32U16, "cvt.s32.u16", int32_t, uint16_t, static_cast<int32_t>(x))           \
  V(CvtS32S16, "cvt.s32.s16", int32_t, int16_t, static_cast<int32_t>(x))            \
  V(CvtS32U64, "cvt.s32.u64", int32_t, uint64_t, static_cast<int32_t>(x))           \
  V(CvtS32S64, "cvt.s32.s64", int32_t, int64_t, static_cast<int32_t>(x))            \
  V(CvtU64U16, "cvt.u64.u16", uint64_t, uint16_t, static_cast<uint64_t>(x))         \
  V(CvtU64S16, "cvt.u64.s16", uint64_t, int16_t, static_cast<uint64_t>(x))          \
  V(CvtU64U32, "cvt.u64.u32", uint64_t, uint32_t, static_cast<uint64_t>(x))         \
  V(CvtU64S32, "cvt.u64.s32", uint64_t, int32_t, static_cast<uint64_t>(x))          \
  V(CvtS64U16, "cvt.s64.u16", int64_t, uint16_t, static_cast<int64_t>(x))           \
  V(CvtS64S16, "cvt.s64.s16", int64_t, int16_t, static_cast<int64_t>(x))            \
  V(CvtS64U32, "cvt.s64.u32", int64_t, uint32_t, static_cast<int64_t>(x))           \
  V(CvtS64S32, "cvt.s64.s32", int64_t, int32_t, static_cast<int64_t>(x))            \
  V(CvtF64F32, "cvt.f64.f32", double, float, static_cast<double>(x))                \
  V(CvtRnF32F64, "cvt.rn.f32.f64", float, double, canonical(static_cast<float>(x))) \
  V(CvtRnF32U16, "cvt.rn.f32.u16", float, uint16_t, static_cast<float>(x))          \
  V(CvtRnF32S16, "cvt.rn.f32.s16", float, int16_t, static_cast<float>(x))           \
  V(CvtRnF32U32, "cvt.rn.f32.u32", float, uint32_t, static_cast<float>(x))          \
  V(CvtRnF32S32, "cvt.rn.f32.s32", float, int32_t, static_cast<float>(x))           \
  V(CvtRnF32U64, "cvt.rn.f32.u64", float, uint64_t, static_cast<float>(x))          \
  V(CvtRnF32S64, "cvt.rn.f32.s64", float, int64_t, static_cast<float>(x))           \
  V(CvtRnF64U16, "cvt.rn.f64.u16", double, uint16_t, static_cast<double>(x))        \
  V(CvtRnF64S16, "cvt.rn.f64.s16", double, int16_t, static_cast<double>(x))         \
  V(CvtRnF64U32, "cvt.rn.f64.u32", double, uint32_t, static_cast<double>(x))        \
  V(CvtRnF64S32, "cvt.rn.f64.s32", double, int32_t, static_cast<double>(x))         \
  V(CvtRnF64U64, "cvt.rn.f64.u64", double, uint64_t, static_cast<double>(x))        \
  V(CvtRnF64S64, "cvt.rn.f64.s64", double, int64_t, static_cast<double>(x))

#define DS_PTX_COMPARE_INTEGERS(V, Name, type, T)   \
  V(SetpEq##Name, "setp.eq." type, bool, T, x == y) \
  V(SetpNe##Name, "setp.ne." type, bool, T, x != y) \
  V(SetpLt##Name, "setp.lt." type, bool, T, x < y)  \
  V(SetpLe##Name, "setp.le." type, bool, T, x <= y) \
  V(SetpGt##Name, "setp.gt." type, bool, T, x > y)  \
  V(SetpGe##Name, "setp.ge." type, bool, T, x >= y)

// The names in -u hold for NaN too.
#define DS_PTX_COMPARE_FLOATS(V, Name, type, T)                  \
  V(SetpEq##Name, "setp.eq." type, bool, T, x == y)              \
  V(SetpNe##Name, "setp.ne." type, bool, T, x<y || x> y)         \
  V(SetpLt##Name, "setp.lt." type, bool, T, x < y)               \
  V(SetpLe##Name, "setp.le." type, bool, T, x <= y)              \
  V(SetpGt##Name, "setp.gt." type, bool, T, x > y)               \
  V(SetpGe##Name, "setp.ge." type, bool, T, x >= y)              \
  V(SetpEqu##Name, "setp.equ." type, bool, T, !(x < y || x > y)) \
  V(SetpNeu##Name, "setp.neu." type, bool, T, !(x == y))         \
  V(SetpLtu##Name, "setp.ltu." type, bool, T, !(x >= y))         \
  V(SetpLeu##Name, "setp.leu." type, bool, T, !(x > y))          \
  V(SetpGtu##Name, "setp.gtu." type, bool, T, !(x <= y))         \
  V(SetpGeu##Name, "setp.geu." type, bool, T, !(x < y))          \
  V(SetpNum##Name, "setp.num." type, bool, T, x == x && y == y)  \
  V(SetpNan##Name, "setp.nan." type, bool, T, x != x || y != y)

// (name, text, Out, In, expression)
#define DS_PTX_BINARY(V)                                                                      \
  V(AddS16, "add.s16", uint16_t, uint16_t, static_cast<uint16_t>(x + y))                      \
  V(AddU16, "add.u16", uint16_t, uint16_t, static_cast<uint16_t>(x + y))                      \
  V(SubS16, "sub.s16", uint16_t, uint16_t, static_cast<uint16_t>(x - y))                      \
  V(SubU16, "sub.u16", uint16_t, uint16_t, static_cast<uint16_t>(x - y))                      \
  V(MulLoS16, "mul.lo.s16", uint16_t, uint16_t, static_cast<uint16_t>(uint32_t{x} * y))       \
  V(MulLoU16, "mul.lo.u16", uint16_t, uint16_t, static_cast<uint16_t>(uint32_t{x} * y))       \
  V(AndB16, "and.b16", uint16_t, uint16_t, static_cast<uint16_t>(x & y))                      \
  V(OrB16, "or.b16", uint16_t, uint16_t, static_cast<uint16_t>(x | y))                        \
  V(XorB16, "xor.b16", uint16_t, uint16_t, static_cast<uint16_t>(x ^ y))                      \
  V(MinS16, "min.s16", int16_t, int16_t, x < y ? x : y)                                       \
  V(MaxS16, "max.s16", int16_t, int16_t, x < y ? y : x)                                       \
  V(MinU16, "min.u16", uint16_t, uint16_t, x < y ? x : y)                                     \
  V(MaxU16, "max.u16", uint16_t, uint16_t, x < y ? y : x)                                     \
  V(AddS32, "add.s32", uint32_t, uint32_t, x + y)                                             \
  V(AddU32, "add.u32", uint32_t, uint32_t, x + y)                                             \
  V(SubS32, "sub.s32", uint32_t, uint32_t, x - y)                                             \
  V(SubU32, "sub.u32", uint32_t, uint32_t, x - y)                                             \
  V(MulLoS32, "mul.lo.s32", uint32_t, uint32_t, x* y)                                         \
  V(MulLoU32, "mul.lo.u32", uint32_t, uint32_t, x* y)                                         \
  V(AndB32, "and.b32", uint32_t, uint32_t, x& y)                                              \
  V(OrB32, "or.b32", uint32_t, uint32_t, x | y)                                               \
  V(XorB32, "xor.b32", uint32_t, uint32_t, x ^ y)                                             \
  V(MinS32, "min.s32", int32_t, int32_t, x < y ? x : y)                                       \
  V(MaxS32, "max.s32", int32_t, int32_t, x < y ? y : x)                                       \
  V(MinU32, "min.u32", uint32_t, uint32_t, x < y ? x : y)                                     \
  V(MaxU32, "max.u32", uint32_t, uint32_t, x < y ? y : x)                                     \
  V(DivU32, "div.u32", uint32_t, uint32_t, x / divisor(y))                                    \
  V(RemU32, "rem.u32", uint32_t, uint32_t, x % divisor(y))                                    \
  V(AddS64, "add.s64", uint64_t, uint64_t, x + y)                                             \
  V(AddU64, "add.u64", uint64_t, uint64_t, x + y)                                             \
  V(SubS64, "sub.s64", uint64_t, uint64_t, x - y)                                             \
  V(SubU64, "sub.u64", uint64_t, uint64_t, x - y)                                             \
  V(MulLoS64, "mul.lo.s64", uint64_t, uint64_t, x* y)                                         \
  V(MulLoU64, "mul.lo.u64", uint64_t, uint64_t, x* y)                                         \
  V(AndB64, "and.b64", uint64_t, uint64_t, x& y)                                              \
  V(OrB64, "or.b64", uint64_t, uint64_t, x | y)                                               \
  V(XorB64, "xor.b64", uint64_t, uint64_t, x ^ y)                                             \
  V(MinS64, "min.s64", int64_t, int64_t, x < y ? x : y)                                       \
  V(MaxS64, "max.s64", int64_t, int64_t, x < y ? y : x)                                       \
  V(MinU64, "min.u64", uint64_t, uint64_t, x < y ? x : y)                                     \
  V(MaxU64, "max.u64", uint64_t, uint64_t, x < y ? y : x)                                     \
  V(DivU64, "div.u64", uint64_t, uint64_t, x / divisor(y))                                    \
  V(RemU64, "rem.u64", uint64_t, uint64_t, x % divisor(y))                                    \
  V(AndPred, "and.pred", bool, bool, x&& y)                                                   \
  V(OrPred, "or.pred", bool, bool, x || y)                                                    \
  V(XorPred, "xor.pred", bool, bool, x != y)                                                  \
  V(MulHiU32, "mul.hi.u32", uint32_t, uint32_t, static_cast<uint32_t>(uint64_t{x} * y >> 32)) \
  V(MulWideU16, "mul.wide.u16", uint32_t, uint16_t, uint32_t{x} * y)                          \
  V(MulWideU32, "mul.wide.u32", uint64_t, uint32_t, uint64_t{x} * y)                          \
  V(MulWideS32, "mul.wide.s32", int64_t, int32_t, int64_t{x} * y)                             \
  V(AddRnF32, "add.rn.f32", float, float, canonical(x + y))                                   \
  V(AddRnF64, "add.rn.f64", double, double, x + y)                                            \
  V(SubRnF32, "sub.rn.f32", float, float, canonical(x - y))                                   \
  V(SubRnF64, "sub.rn.f64", double, double, x - y)                                            \
  V(MulRnF32, "mul.rn.f32", float, float, canonical(x* y))                                    \
  V(MulRnF64, "mul.rn.f64", double, double, x* y)                                             \
  V(DivRnF32, "div.rn.f32", float, float, canonical(x / y))                                   \
  V(DivRnF64, "div.rn.f64", double, double, x / y)                                            \
  DS_PTX_COMPARE_INTEGERS(V, S16, "s16", int16_t)                                             \
  DS_PTX_COMPARE_INTEGERS(V, U16, "u16", uint16_t)                                            \
  DS_PTX_COMPARE_INTEGERS(V, S32, "s32", int32_t)                                             \
  DS_PTX_COMPARE_INTEGERS(V, U32, "u32", uint32_t)                                            \
  DS_PTX_COMPARE_INTEGERS(V, S64, "s64", int64_t)                                             \
  DS_PTX_COMPARE_INTEGERS(V, U64, "u64", uint64_t)                                            \
  V(SetpEqB16, "setp.eq.b16", bool, uint16_t, x == y)                                         \
  V(SetpNeB16, "setp.ne.b16", bool, uint16_t, x != y)                                         \
  V(SetpEqB32, "setp.eq.b32", bool, uint32_t, x == y)                                         \
  V(SetpNeB32, "setp.ne.b32", bool, uint32_t, x != y)                                         \
  V(SetpEqB64, "setp.eq.b64", bool, uint64_t, x == y)                                         \
  V(SetpNeB64, "setp.ne.b64", bool, uint64_t, x != y)                                         \
  DS_PTX_COMPARE_FLOATS(V, F32, "f32", float)                                                 \
  DS_PTX_COMPARE_FLOATS(V, F64, "f64", double)

// (name, text, type): x shifted by the uint32_t y.
#define DS_PTX_LEFT_SHIFT(V)     \
  V(ShlB16, "shl.b16", uint16_t) \
  V(ShlB32, "shl.b32", uint32_t) \
  V(ShlB64, "shl.b64", uint64_t)

#define DS_PTX_RIGHT_SHIFT(V)    \
  V(ShrS16, "shr.s16", int16_t)  \
  V(ShrU16, "shr.u16", uint16_t) \
  V(ShrB16, "shr.b16", uint16_t) \
  V(ShrS32, "shr.s32", int32_t)  \
  V(ShrU32, "shr.u32", uint32_t) \
  V(ShrB32, "shr.b32", uint32_t) \
  V(ShrS64, "shr.s64", int64_t)  \
  V(ShrU64, "shr.u64", uint64_t) \
  V(ShrB64, "shr.b64", uint64_t)

// (name, text, type, expression)
#define DS_PTX_TERNARY(V)                                                         \
  V(FmaRnF32, "fma.rn.f32", float, canonical(std::fma(x, y, z)))                  \
  V(FmaRnF64, "fma.rn.f64", double, std::fma(x, y, z))                            \
  V(MadLoS16, "mad.lo.s16", uint16_t, static_cast<uint16_t>(uint32_t{x} * y + z)) \
  V(MadLoU16, "mad.lo.u16", uint16_t, static_cast<uint16_t>(uint32_t{x} * y + z)) \
  V(MadLoS32, "mad.lo.s32", uint32_t, x* y + z)                                   \
  V(MadLoU32, "mad.lo.u32", uint32_t, x* y + z)                                   \
  V(MadLoS64, "mad.lo.s64", uint64_t, x* y + z)                                   \
  V(MadLoU64, "mad.lo.u64", uint64_t, x* y + z)

// (name, text, type): x where the predicate z holds, else y.
#define DS_PTX_SELECT(V)           \
  V(SelpB16, "selp.b16", uint16_t) \
  V(SelpU16, "selp.u16", uint16_t) \
  V(SelpS16, "selp.s16", uint16_t) \
  V(SelpB32, "selp.b32", uint32_t) \
  V(SelpU32, "selp.u32", uint32_t) \
  V(SelpS32, "selp.s32", uint32_t) \
  V(SelpF32, "selp.f32", uint32_t) \
  V(SelpB64, "selp.b64", uint64_t) \
  V(SelpU64, "selp.u64", uint64_t) \
  V(SelpS64, "selp.s64", uint64_t) \
  V(SelpF64, "selp.f64", uint64_t)

// (name, text, type): y with the low w bits of x from bit z on; z and w are uint32_t.
#define DS_PTX_INSERT(V)         \
  V(BfiB32, "bfi.b32", uint32_t) \
  V(BfiB64, "bfi.b64", uint64_t)

// (name, text, type of a value, values)
#define DS_PTX_VECTORS(V, Prefix, Name, prefix, type, T) \
  V(Prefix##Name, prefix "." type, T, 1)                 \
  V(Prefix##V2##Name, prefix ".v2." type, T, 2)          \
  V(Prefix##V4##Name, prefix ".v4." type, T, 4)

#define DS_PTX_LOAD_PARAM(V)                                   \
  DS_PTX_VECTORS(V, LdParam, B16, "ld.param", "b16", uint16_t) \
  DS_PTX_VECTORS(V, LdParam, U16, "ld.param", "u16", uint16_t) \
  DS_PTX_VECTORS(V, LdParam, S16, "ld.param", "s16", int16_t)  \
  DS_PTX_VECTORS(V, LdParam, B32, "ld.param", "b32", uint32_t) \
  DS_PTX_VECTORS(V, LdParam, U32, "ld.param", "u32", uint32_t) \
  DS_PTX_VECTORS(V, LdParam, S32, "ld.param", "s32", int32_t)  \
  DS_PTX_VECTORS(V, LdParam, F32, "ld.param", "f32", float)    \
  DS_PTX_VECTORS(V, LdParam, B64, "ld.param", "b64", uint64_t) \
  DS_PTX_VECTORS(V, LdParam, U64, "ld.param", "u64", uint64_t) \
  DS_PTX_VECTORS(V, LdParam, S64, "ld.param", "s64", int64_t)  \
  DS_PTX_VECTORS(V, LdParam, F64, "ld.param", "f64", double)

#define DS_PTX_LOAD_GLOBAL(V)                                    \
  DS_PTX_VECTORS(V, LdGlobal, B16, "ld.global", "b16", uint16_t) \
  DS_PTX_VECTORS(V, LdGlobal, U16, "ld.global", "u16", uint16_t) \
  DS_PTX_VECTORS(V, LdGlobal, S16, "ld.global", "s16", int16_t)  \
  DS_PTX_VECTORS(V, LdGlobal, B32, "ld.global", "b32", uint32_t) \
  DS_PTX_VECTORS(V, LdGlobal, U32, "ld.global", "u32", uint32_t) \
  DS_PTX_VECTORS(V, LdGlobal, S32, "ld.global", "s32", int32_t)  \
  DS_PTX_VECTORS(V, LdGlobal, F32, "ld.global", "f32", float)    \
  DS_PTX_VECTORS(V, LdGlobal, B64, "ld.global", "b64", uint64_t) \
  DS_PTX_VECTORS(V, LdGlobal, U64, "ld.global", "u64", uint64_t) \
  DS_PTX_VECTORS(V, LdGlobal, S64, "ld.global", "s64", int64_t)  \
  DS_PTX_VECTORS(V, LdGlobal, F64, "ld.global", "f64", double)

#define DS_PTX_STORE_GLOBAL(V)                                   \
  DS_PTX_VECTORS(V, StGlobal, B16, "st.global", "b16", uint16_t) \
  DS_PTX_VECTORS(V, StGlobal, U16, "st.global", "u16", uint16_t) \
  DS_PTX_VECTORS(V, StGlobal, S16, "st.global", "s16", int16_t)  \
  DS_PTX_VECTORS(V, StGlobal, B32, "st.global", "b32", uint32_t) \
  DS_PTX_VECTORS(V, StGlobal, U32, "st.global", "u32", uint32_t) \
  DS_PTX_VECTORS(V, StGlobal, S32, "st.global", "s32", int32_t)  \
  DS_PTX_VECTORS(V, StGlobal, F32, "st.global", "f32", float)    \
  DS_PTX_VECTORS(V, StGlobal, B64, "st.global", "b64", uint64_t) \
  DS_PTX_VECTORS(V, StGlobal, U64, "st.global", "u64", uint64_t) \
  DS_PTX_VECTORS(V, StGlobal, S64, "st.global", "s64", int64_t)  \
  DS_PTX_VECTORS(V, StGlobal, F64, "st.global", "f64", double)

// (name, text)
#define DS_PTX_CONTROL(V)                    \
  V(AtomGlobalMinU64, "atom.global.min.u64") \
  V(Bra, "bra")                              \
  V(BraUni, "bra.uni")                       \
  V(Ret, "ret")
