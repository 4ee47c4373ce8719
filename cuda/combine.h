// The combine formula: outputs that are affine combinations of buffers and noise, element by element.
//
// A sum starts at zero and takes its terms in order, each with one fused multiply-add. A term whose coefficient is zero
// for a row is neither read nor added, so that what stands in it (a NaN, say) cannot reach the row.
#pragma once

#include "combine_args.h"
#include "lanes.h"
#include "normal.h"
#include "status.h"
#include "tile.h"

namespace ds {
namespace {

DS_HD inline bool any_nan(float x) { return x != x; }
#ifdef DS_LANES_8
inline bool any_nan(v8f x) { return _mm256_movemask_ps(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)) != 0; }
#endif

struct CombineRow {
  int64_t index;
  int64_t offset;
  uint64_t seed;
  const uint32_t* record;
};

DS_HD inline CombineRow combine_row(const CombineArgs& args, int64_t index) {
  const uint64_t begin = static_cast<uint64_t>(load(args.row_class + index)) * args.stride;
  return {index, load(args.row_offsets + index), load(args.seeds + index), args.words + begin};
}

// Coefficients of one term in all outputs; those of derived outputs and of outputs that are not there are zero.
template <int kOutputs>
struct Coefficients {
  float of[kOutputs];
  bool needed;

  DS_HD Coefficients(const CombineArgs& args, const CombineRow& row, int term) : needed(false) {
    const uint32_t* at = row.record + args.first_word;
    DS_UNROLL
    for (int o = 0; o < kOutputs; ++o) {
      of[o] = 0.0f;
      if (o >= args.output_count) continue;
      if (o > 0 && args.outputs[o].derived) {
        at += 1;
        continue;
      }
      of[o] = from_bits(load(at + term));
      needed = needed || of[o] != 0.0f;
      at += args.term_count;
    }
  }
};

DS_HD inline void keep_smallest(unsigned long long* status, unsigned long long candidate) {
  if (candidate >= load(status)) return;
#ifdef __CUDA_ARCH__
  atomicMin(status, candidate);
#else
  *status = candidate;
#endif
}

// `marks` is NaN where an output is not finite. To be called before outputs are stored: they may stand where terms do.
template <class F, int kOutputs>
DS_HD inline void record_non_finite(const CombineArgs& args, const CombineRow& row, int64_t element, int count,
                                    const F marks[4]) {
  float mark[kTile<F>];
  FullTile<F>{}.store(mark, marks);
  unsigned long long first = kStatusClean;
  DS_UNROLL
  for (int e = 0; e < kTile<F>; ++e) {
    if (e >= count || !any_nan(mark[e])) continue;
    int32_t evaluator = -1;
    for (int j = 0; j < args.term_count && evaluator < 0; ++j) {
      const CombineTerm& term = args.terms[j];
      if (!term.base || term.evaluator < 0 || !Coefficients<kOutputs>(args, row, j).needed) continue;
      if (any_nan(load(term.base + row.offset + element + e) * 0.0f)) evaluator = term.evaluator;
    }
    const unsigned long long status = pack_status(args.entry, args.pass, evaluator, row.index);
    if (status < first) first = status;
  }
  if (first != kStatusClean) keep_smallest(args.status, first);
}

template <class F, int kOutputs, class Tile>
DS_HD inline void combine_tile(const CombineArgs& args, const CombineRow& row, int64_t element, const Tile& tile) {
  F sums[kOutputs][4] = {};
  for (int j = 0; j < args.term_count; ++j) {
    const Coefficients<kOutputs> coefficients(args, row, j);
    if (!coefficients.needed) continue;
    const CombineTerm& term = args.terms[j];
    F y[4];
    if (term.base) {
      tile.load(term.base + row.offset + element, y);
    } else {
      normal_tile<F>(row.seed, 0, load(row.record + term.draw), static_cast<uint64_t>(element), y);
    }
    DS_UNROLL
    for (int o = 0; o < kOutputs; ++o) {
      if (coefficients.of[o] == 0.0f) continue;
      DS_UNROLL
      for (int i = 0; i < 4; ++i) sums[o][i] = fma_lane(broadcast<F>(coefficients.of[o]), y[i], sums[o][i]);
    }
  }
  const uint32_t* at = row.record + args.first_word;
  F marks[4];
  DS_UNROLL
  for (int i = 0; i < 4; ++i) marks[i] = sums[0][i] * 0.0f;
  DS_UNROLL
  for (int o = 1; o < kOutputs; ++o) {
    at += args.outputs[o - 1].derived ? 1 : args.term_count;
    if (o >= args.output_count) break;
    if (args.outputs[o].derived) {
      // As a sum of one term, so that a pass of its own gives the same bits, the sign of zero included.
      const F multiple = broadcast<F>(from_bits(load(at)));
      DS_UNROLL
      for (int i = 0; i < 4; ++i) sums[o][i] = fma_lane(multiple, sums[0][i], broadcast<F>(0.0f));
    }
    DS_UNROLL
    for (int i = 0; i < 4; ++i) marks[i] = marks[i] + sums[o][i] * 0.0f;
  }
  if (any_nan((marks[0] + marks[1]) + (marks[2] + marks[3]))) {
    record_non_finite<F, kOutputs>(args, row, element, tile.count(), marks);
  }
  DS_UNROLL
  for (int o = 0; o < kOutputs; ++o) {
    if (o < args.output_count) tile.store(args.outputs[o].base + row.offset + element, sums[o]);
  }
}

template <class F, int kOutputs>
inline void combine_rows(const CombineArgs& args) {
  for (int64_t r = 0; r < args.rows; ++r) {
    const CombineRow row = combine_row(args, r);
    for_each_tile<F>(args.elements, [&](auto lane, const auto& tile, int64_t element) {
      combine_tile<decltype(lane), kOutputs>(args, row, element, tile);
    });
  }
}

// Accumulators have to be registers, so their number is fixed at compile time.
template <class F>
inline void combine(const CombineArgs& args) {
  if (args.output_count == 1) return combine_rows<F, 1>(args);
  if (args.output_count == 2) return combine_rows<F, 2>(args);
  combine_rows<F, kMaxOutputs>(args);
}

}  // namespace
}  // namespace ds
