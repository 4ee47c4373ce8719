// The combine formula: outputs that are affine combinations of buffers and noise, element by element.
//
// A sum starts at zero and takes its terms in order, each with one fused multiply-add. A term whose coefficient is zero
// for a row is neither read nor added, so that what stands in it (a NaN, say) cannot reach the row.
//
// kHalves: some buffer is float16 or bfloat16. A pass over float32 alone is code of its own, because the branches cost
// it registers and, on the CPU, up to two thirds more time.
#pragma once

#include "combine_args.h"
#include "half.h"
#include "lanes.h"
#include "normal.h"
#include "status.h"
#include "tile.h"

namespace ds {
namespace {

struct CombineRow {
  int64_t index;
  int64_t offset;
  uint64_t seed;
  const uint32_t* record;
};

DS_HD inline CombineRow combine_row(const CombineArgs& args, int64_t index) {
  uint64_t begin = static_cast<uint64_t>(load(args.row_class + index)) * args.stride;
  if (args.cursor) begin += load(&args.cursor->words);
  return {index, load(args.row_offsets + index), load(args.seeds + index), args.words + begin};
}

// The device reads these again rather than keep them: registers decide how many threads a multiprocessor holds.
DS_HD inline int64_t offset_of(const CombineArgs& args, const CombineRow& row) {
#ifdef __CUDA_ARCH__
  return load(args.row_offsets + row.index);
#else
  (void)args;
  return row.offset;
#endif
}
DS_HD inline uint64_t seed_of(const CombineArgs& args, const CombineRow& row) {
#ifdef __CUDA_ARCH__
  return load(args.seeds + row.index);
#else
  (void)args;
  return row.seed;
#endif
}

// Coefficients of one term in all outputs; those of derived outputs and of outputs that are not there are zero.
template <int kOutputs>
struct Coefficients {
  float of[kOutputs];
  bool needed;

  Coefficients() = default;
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

// The terms that a row needs, in order. A device reads coefficients again for each tile, since its registers are few.
template <int kOutputs>
struct ReadTerms {
  template <class Visit>
  DS_HD void visit(const CombineArgs& args, const CombineRow& row, const Visit& visit) const {
    DS_ROLLED
    for (int j = 0; j < args.term_count; ++j) {
      const Coefficients<kOutputs> coefficients(args, row, j);
      if (coefficients.needed) visit(args.terms[j], coefficients);
    }
  }
};

// A host reads them once for each row.
template <int kOutputs>
class KeptTerms {
 public:
  KeptTerms(const CombineArgs& args, const CombineRow& row) {
    for (int j = 0; j < args.term_count; ++j) {
      const Coefficients<kOutputs> coefficients(args, row, j);
      if (!coefficients.needed) continue;
      terms_[count_] = &args.terms[j];
      coefficients_[count_++] = coefficients;
    }
  }
  template <class Visit>
  void visit(const CombineArgs&, const CombineRow&, const Visit& visit) const {
    for (int j = 0; j < count_; ++j) visit(*terms_[j], coefficients_[j]);
  }

 private:
  int count_ = 0;
  const CombineTerm* terms_[kMaxTerms];
  Coefficients<kOutputs> coefficients_[kMaxTerms];
};

DS_HD inline void keep_smallest(unsigned long long* status, unsigned long long candidate) {
#ifdef __CUDA_ARCH__
  if (candidate >= load(status)) return;
  atomicMin(status, candidate);
#else
  unsigned long long found = __atomic_load_n(status, __ATOMIC_RELAXED);
  while (candidate < found) {
    if (__atomic_compare_exchange_n(status, &found, candidate, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return;
  }
#endif
}

// Elements `at` and on of a term's buffer.
template <class F, bool kHalves, class Tile>
DS_HD inline void load_term(const CombineTerm& term, int64_t at, const Tile& tile, F y[4]) {
  if constexpr (kHalves) {
    if (term.dtype != Dtype::kFloat32) {
      tile.load(term.dtype, static_cast<const uint16_t*>(term.base) + at, y);
      return;
    }
  }
  tile.load(static_cast<const float*>(term.base) + at, y);
}

// Makes the words of halves of float32 sums. What overflows is marked.
template <class F>
DS_HD inline void round_halves(Dtype dtype, F sums[4], F marks[4]) {
  DS_UNROLL
  for (int i = 0; i < 4; ++i) {
    const word_of<F> half = narrow(dtype, sums[i]);
    marks[i] = marks[i] + half_mark<F>(dtype, half);
    sums[i] = from_bits(half);
  }
}
template <class F>
DS_HD DS_APART void round_halves_apart(Dtype dtype, F sums[4], F marks[4]) {
  round_halves(dtype, sums, marks);
}

// Does so unless the output is float32; of many outputs a host calls it for each, as its code is long.
template <class F, int kOutputs, bool kHalves>
DS_HD inline void round_output(Dtype dtype, F sums[4], F marks[4]) {
  if constexpr (kHalves) {
    if (dtype == Dtype::kFloat32) return;
    if constexpr (kOutputs > 2) {
      round_halves_apart(dtype, sums, marks);
    } else {
      round_halves(dtype, sums, marks);
    }
  }
}

// `values` are floats, or the words of halves.
template <class F, bool kHalves, class Tile>
DS_HD inline void store_output(const CombineOutput& output, int64_t at, bool past_caches, const Tile& tile,
                               const F values[4]) {
  if (past_caches) return tile.stream(static_cast<float*>(output.base) + at, values);
  if constexpr (kHalves) {
    if (output.dtype != Dtype::kFloat32) {
      word_of<F> halves[4];
      DS_UNROLL
      for (int i = 0; i < 4; ++i) halves[i] = bits(values[i]);
      tile.store(static_cast<uint16_t*>(output.base) + at, halves);
      return;
    }
  }
  tile.store(static_cast<float*>(output.base) + at, values);
}

// One bit for each element of a tile.
template <bool kMany>
struct MarkBits {
  using Word = uint32_t;
};
template <>
struct MarkBits<true> {
  using Word = uint64_t;
};
template <class F>
using MarkedElements = typename MarkBits<(kTile<F> > 32)>::Word;

// `marks` is NaN where an output is not finite. To be called before outputs are stored: they may stand where terms do.
template <class F, int kOutputs, bool kHalves>
DS_HD DS_APART void record_non_finite(const CombineArgs& args, const CombineRow& row, int64_t element, int count,
                                      const F marks[4]) {
  float mark[kTile<F>];
  FullTile<F>{}.store(mark, marks);
  MarkedElements<F> bad = 0;
  DS_UNROLL
  for (int e = 0; e < kTile<F>; ++e) {
    if (e < count && any_nan(mark[e])) bad |= MarkedElements<F>{1} << e;
  }
  unsigned long long first = kStatusClean;
  DS_ROLLED
  for (int e = 0; e < kTile<F>; ++e) {
    if ((bad >> e & 1) == 0) continue;
    int32_t evaluator = kNoEvaluator;
    DS_ROLLED
    for (int j = 0; j < args.term_count && evaluator == kNoEvaluator; ++j) {
      const CombineTerm& term = args.terms[j];
      if (!term.base || !Coefficients<kOutputs>(args, row, j).needed) continue;
      float value[4];
      load_term<float, kHalves>(term, offset_of(args, row) + element + e, FloatTile{false, 1}, value);
      if (any_nan(value[0] * 0.0f)) evaluator = term.evaluator < 0 ? kGivenState : term.evaluator;
    }
    const uint32_t entry = args.cursor ? load(&args.cursor->entry) : args.entry;
    const unsigned long long status = pack_status(entry, args.pass, evaluator, row.index);
    if (status < first) first = status;
  }
  if (first != kStatusClean) keep_smallest(args.status, first);
}

// `Terms` is one of the two above; kNoise: some term may be noise; `past_caches` as in CombinePart, for aligned
// outputs.
template <class F, int kOutputs, bool kHalves, bool kNoise, class Terms, class Tile>
DS_HD inline void combine_tile(const CombineArgs& args, const CombineRow& row, const Terms& terms, int64_t element,
                               uint32_t past_caches, const Tile& tile) {
  F sums[kOutputs][4] = {};
  terms.visit(args, row, [&](const CombineTerm& term, const Coefficients<kOutputs>& coefficients) {
    F y[4];
    if (!kNoise || term.base) {
      load_term<F, kHalves>(term, offset_of(args, row) + element, tile, y);
    } else {
      normal_tile<F>(seed_of(args, row), 0, load(row.record + term.draw), static_cast<uint64_t>(element), y);
    }
    DS_UNROLL
    for (int o = 0; o < kOutputs; ++o) {
      if (kOutputs > 1 && coefficients.of[o] == 0.0f) continue;
      DS_UNROLL
      for (int i = 0; i < 4; ++i) sums[o][i] = fma_lane(broadcast<F>(coefficients.of[o]), y[i], sums[o][i]);
    }
  });
  const uint32_t* at = row.record + args.first_word;
  F marks[4];
  DS_UNROLL
  for (int i = 0; i < 4; ++i) marks[i] = sums[0][i] * 0.0f;
  round_output<F, kOutputs, kHalves>(args.outputs[0].dtype, sums[0], marks);
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
    round_output<F, kOutputs, kHalves>(args.outputs[o].dtype, sums[o], marks);
  }
  if (any_nan((marks[0] + marks[1]) + (marks[2] + marks[3]))) {
    record_non_finite<F, kOutputs, kHalves>(args, row, element, tile.count(), marks);
  }
  DS_UNROLL
  for (int o = 0; o < kOutputs; ++o) {
    if (o >= args.output_count) break;
    // Where noise is made, arithmetic takes longer than memory, and has no register to spare.
    const bool past = !kNoise && (past_caches >> o & 1) != 0;
    store_output<F, kHalves>(args.outputs[o], offset_of(args, row) + element, past, tile, sums[o]);
  }
}

inline bool has_halves(const CombineArgs& args) {
  bool halves = false;
  for (int j = 0; j < args.term_count; ++j) halves = halves || args.terms[j].dtype != Dtype::kFloat32;
  for (int o = 0; o < args.output_count; ++o) halves = halves || args.outputs[o].dtype != Dtype::kFloat32;
  return halves;
}

template <class F>
inline uint32_t aligned_outputs(const CombineArgs& args, const CombineRow& row, uint32_t outputs) {
  for (int o = 0; o < args.output_count; ++o) {
    const auto address = reinterpret_cast<uintptr_t>(static_cast<float*>(args.outputs[o].base) + row.offset);
    if (address % sizeof(F) != 0) outputs &= ~(1u << o);
  }
  return outputs;
}

template <class F, int kOutputs, bool kHalves, bool kNoise>
inline void combine_rows(const CombineArgs& args, const CombinePart& part) {
  for (int64_t r = part.first_row; r < part.first_row + part.rows; ++r) {
    const CombineRow row = combine_row(args, r);
    const KeptTerms<kOutputs> terms(args, row);
    const uint32_t past_caches = aligned_outputs<F>(args, row, part.past_caches);
    for_each_tile<F>(part.first_element, part.elements, [&](auto lane, const auto& tile, int64_t element) {
      combine_tile<decltype(lane), kOutputs, kHalves, kNoise>(args, row, terms, element, past_caches, tile);
    });
  }
  if (part.past_caches != 0) fence_streams();
}

// Accumulators have to be registers, so their number is fixed at compile time.
template <class F, bool kHalves, bool kNoise>
inline void combine_outputs(const CombineArgs& args, const CombinePart& part) {
  if (args.output_count == 1) return combine_rows<F, 1, kHalves, kNoise>(args, part);
  if (args.output_count == 2) return combine_rows<F, 2, kHalves, kNoise>(args, part);
  // The code for many is long, so there is one, with noise and without.
  combine_rows<F, kMaxOutputs, kHalves, true>(args, part);
}

// Making noise takes so many registers that a loop which holds its code is slower without noise too.
template <class F, bool kHalves>
inline void combine_terms(const CombineArgs& args, const CombinePart& part) {
  bool noise = false;
  for (int j = 0; j < args.term_count; ++j) noise = noise || !args.terms[j].base;
  if (noise) return combine_outputs<F, kHalves, true>(args, part);
  combine_outputs<F, kHalves, false>(args, part);
}

template <class F>
inline void combine(const CombineArgs& args, const CombinePart& part) {
  if (has_halves(args)) return combine_terms<F, true>(args, part);
  combine_terms<F, false>(args, part);
}

}  // namespace
}  // namespace ds
