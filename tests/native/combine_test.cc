// The combine pass: every lane and the kernel's walk against a loop without tiles, and its status word.
#include "../../cuda/combine.h"

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../../native/cpu/cpu_backend.h"
#include "../../native/cpu/cpu_features.h"
#include "../../native/executor.h"
#include "engine_test.h"
#include "half_reference.h"

namespace ds {
namespace {

const int64_t kSizes[] = {0, 1, 3, 4, 5, 31, 32, 33, 127, 129, 4097};

// Element `at` of a buffer.
float read_element(Dtype dtype, const void* base, int64_t at) {
  if (dtype == Dtype::kFloat32) return static_cast<const float*>(base)[at];
  return static_cast<float>(half_value(dtype, static_cast<const uint16_t*>(base)[at]));
}

void write_element(Dtype dtype, void* base, int64_t at, float x) {
  if (dtype == Dtype::kFloat32) {
    static_cast<float*>(base)[at] = x;
  } else {
    static_cast<uint16_t*>(base)[at] = nearest_half(dtype, x);
  }
}

// As backend.h describes the pass, written without tiles or lanes. Results are in float32.
void reference_combine(const CombineArgs& args, std::vector<std::vector<float>>* results) {
  results->assign(static_cast<size_t>(args.output_count), std::vector<float>(args.rows * args.elements));
  for (int64_t r = 0; r < args.rows; ++r) {
    const uint32_t* record = args.words + args.row_class[r] * args.stride;
    for (int64_t e = 0; e < args.elements; ++e) {
      uint32_t at = args.first_word;
      for (int o = 0; o < args.output_count; ++o) {
        float& result = (*results)[o][r * args.elements + e];
        if (args.outputs[o].derived) {
          result = ds::from_bits(record[at++]) * (*results)[0][r * args.elements + e];
          continue;
        }
        result = 0.0f;
        for (int j = 0; j < args.term_count; ++j) {
          const float c = ds::from_bits(record[at++]);
          if (c == 0.0f) continue;
          float y;
          if (args.terms[j].base) {
            y = read_element(args.terms[j].dtype, args.terms[j].base, args.row_offsets[r] + e);
          } else {
            kScalarLanes.normals(args.seeds[r], 0, record[args.terms[j].draw], e, 1, &y);
          }
          result = std::fma(c, y, result);
        }
      }
    }
  }
}

// The kernel's walk, on the host: tiles of four floats, aligned or not.
template <int kOutputs, bool kHalves>
void kernel_walk(const CombineArgs& args) {
  for (int64_t r = 0; r < args.rows; ++r) {
    const CombineRow row = combine_row(args, r);
    for (int64_t e = 0; e < args.elements; e += 4) {
      const FloatTile tile{(row.offset & 3) == 0, static_cast<int>(std::min<int64_t>(4, args.elements - e))};
      combine_tile<float, kOutputs, kHalves, true>(args, row, ReadTerms<kOutputs>{}, e, 0, tile);
    }
  }
}

struct CombineCase {
  int64_t rows, elements;
  int terms, outputs;
  bool alias, noise, derived;
  int dtypes;  // 0: all float32; else where the cycle of types begins

  Dtype term_dtype(int term) const { return static_cast<Dtype>(dtypes == 0 ? 0 : (dtypes + term) % kDtypes); }
  // What others derive from is float32, and what stands where a term stood has its type.
  Dtype output_dtype(int output) const {
    if (alias && output == outputs - 1) return term_dtype(0);
    if (dtypes == 0 || (derived && output == 0)) return Dtype::kFloat32;
    return static_cast<Dtype>((dtypes + 2 * output + 1) % kDtypes);
  }
};

void combine_equals_reference(const CombineCase& c, const std::string& name,
                              const std::function<void(const CombineArgs&)>& run) {
  const size_t count = static_cast<size_t>(c.rows * c.elements);
  Numbers numbers;
  std::vector<Floats> inputs(c.terms, Floats(count)), outputs(c.outputs, Floats(count));
  for (int j = 0; j < c.terms; ++j) {
    for (size_t i = 0; i < count; ++i) write_element(c.term_dtype(j), inputs[j].data(), i, numbers.next());
  }
  const uint32_t classes = 2, first_word = 2, stride = first_word + c.terms * c.outputs + 1;
  std::vector<uint32_t> words(classes * stride);
  for (uint32_t& word : words) word = word_of_float(numbers.next());
  std::vector<int64_t> offsets(c.rows);
  std::vector<uint32_t> row_class(c.rows);
  std::vector<uint64_t> seeds(c.rows);
  for (int64_t r = 0; r < c.rows; ++r) {
    offsets[r] = r * c.elements;
    row_class[r] = r % classes;
    seeds[r] = 0x123456789abcdefull * (r + 1);
  }
  // The second term is unused by class 0, and by output 0 of class 1; its buffer is poison for class 0.
  if (c.terms > 1) {
    for (int o = 0; o < c.outputs; ++o) words[first_word + o * c.terms + 1] = word_of_float(o % 2 ? 0.0f : -0.0f);
    if (c.outputs > 1 && !c.derived) words[stride + first_word + 1] = 0;
    for (int64_t r = 0; r < c.rows; r += classes) {
      for (int64_t e = 0; e < c.elements; ++e) {
        write_element(c.term_dtype(1), inputs[1].data(), offsets[r] + e, e % 2 ? kNan : kInfinity);
      }
    }
  }
  unsigned long long status = kStatusClean;
  CombineArgs args{};
  args.rows = c.rows, args.elements = c.elements;
  args.row_offsets = offsets.data(), args.row_class = row_class.data(), args.seeds = seeds.data();
  args.words = words.data(), args.stride = stride, args.first_word = first_word;
  args.term_count = c.terms, args.output_count = c.outputs, args.status = &status;
  for (int j = 0; j < c.terms; ++j) args.terms[j] = {inputs[j].data(), 0, -1, c.term_dtype(j)};
  if (c.noise) args.terms[c.terms - 1] = {nullptr, 1, -1, Dtype::kFloat32};
  words[1] = 7, words[stride + 1] = 9;
  for (int o = 0; o < c.outputs; ++o) {
    args.outputs[o] = {outputs[o].data(), c.derived && o == c.outputs - 1 ? 1u : 0u, c.output_dtype(o)};
  }
  if (c.alias) args.outputs[c.outputs - 1].base = inputs[0].data();
  std::vector<std::vector<float>> expected;
  reference_combine(args, &expected);
  run(args);
  for (int o = 0; o < c.outputs; ++o) {
    const Dtype dtype = args.outputs[o].dtype;
    Floats wanted(count);
    for (size_t i = 0; i < count; ++i) write_element(dtype, wanted.data(), i, expected[o][i]);
    check(count == 0 || std::memcmp(args.outputs[o].base, wanted.data(), count * dtype_bytes(dtype)) == 0,
          name + ": " + dtype_name(dtype) + " output " + std::to_string(o) + " of " + std::to_string(c.outputs) + ", " +
              std::to_string(c.rows) + " x " + std::to_string(c.elements) + ", " + std::to_string(c.terms) + " terms");
  }
  check(status == kStatusClean, name + ": unused terms that are not finite leave the status clean");
}

CombinePart past_caches(const CombineArgs& args) {
  CombinePart whole = whole_pass(args);
  for (int o = 0; o < args.output_count; ++o) {
    if (args.outputs[o].dtype == Dtype::kFloat32) whole.past_caches |= 1u << o;
  }
  return whole;
}

}  // namespace

void test_combine() {
  for (const int64_t elements : kSizes) {
    for (const int64_t rows : {0, 1, 3}) {
      for (const int terms : {1, 2, 5, kMaxTerms}) {
        for (const int outputs : {1, 2, 3, kMaxOutputs}) {
          for (int flags = 0; flags < 32; ++flags) {
            const CombineCase c{rows,
                                elements,
                                terms,
                                outputs,
                                (flags & 1) != 0,
                                (flags & 2) != 0 && terms != 2,
                                (flags & 4) != 0 && outputs > 1,
                                flags >> 3};
            if (elements > 4000 && terms > 5) continue;
            for (const LaneTable* lanes : tested_lanes()) {
              combine_equals_reference(c, lanes->name,
                                       [&](const CombineArgs& args) { lanes->combine(args, whole_pass(args)); });
              combine_equals_reference(c, std::string(lanes->name) + ", past the caches",
                                       [&](const CombineArgs& args) { lanes->combine(args, past_caches(args)); });
            }
            combine_equals_reference(c, "kernel walk", [&](const CombineArgs& args) {
              // The code for halves does float32 as well.
              if (outputs == 1) return kernel_walk<1, true>(args);
              if (outputs == 2) return kernel_walk<2, true>(args);
              has_halves(args) ? kernel_walk<kMaxOutputs, true>(args) : kernel_walk<kMaxOutputs, false>(args);
            });
          }
        }
      }
    }
  }
}

void test_shared_combine() {
  struct Shape {
    int64_t rows, elements;
  };
  // Long rows, rows that end within a tile, and short ones; all large enough to be cut.
  const Shape shapes[] = {{1, (1 << 18) + 13}, {2, (1 << 17) - 31}, {5, 60'001}, {301, 1000}, {90'000, 3}};
  std::vector<std::unique_ptr<Executor>> executors;
  for (const int threads : {1, 2, 3, 8}) executors.push_back(std::make_unique<Executor>(threads));
  for (const LaneTable* lanes : available_lanes()) {
    for (const Shape& shape : shapes) {
      for (int flags = 0; flags < 8; ++flags) {
        const int outputs = flags % 3 + 1;
        const CombineCase c{shape.rows,
                            shape.elements,
                            3 + flags % 2,
                            outputs,
                            (flags & 1) != 0,
                            (flags & 2) != 0,
                            (flags & 4) != 0 && outputs > 1,
                            flags >= 5 ? flags - 4 : 0};
        const std::unique_ptr<Executor>& executor = executors[static_cast<size_t>(flags) % executors.size()];
        const auto backend = make_cpu_backend(*lanes, std::make_shared<HostMemory>(), executor->crew());
        combine_equals_reference(c, std::string(lanes->name) + ", shared",
                                 [&](const CombineArgs& args) { backend->combine(args); });
      }
    }
  }
}

void test_shared_status() {
  // The network is not finite in many rows, the update overflows in the last: the smallest word is the overflow's.
  const int64_t rows = 40, elements = 1 << 14;
  Floats x(rows * elements), v(rows * elements);
  std::vector<int64_t> offsets;
  for (int64_t r = 0; r < rows; ++r) offsets.push_back(r * elements);
  const std::vector<uint32_t> row_class(rows, 0), words{word_of_float(2.0f), word_of_float(1.0f)};
  const std::vector<uint64_t> seeds(rows, 1);
  CombineArgs args{};
  unsigned long long status = kStatusClean;
  args.rows = rows, args.elements = elements, args.row_offsets = offsets.data(), args.row_class = row_class.data();
  args.seeds = seeds.data(), args.words = words.data(), args.stride = 2, args.entry = 9, args.pass = 3;
  args.term_count = 2, args.output_count = 1, args.status = &status;
  args.terms[0] = {x.data(), 0, -1, Dtype::kFloat32}, args.terms[1] = {v.data(), 0, 4, Dtype::kFloat32};
  args.outputs[0] = {x.data(), 0, Dtype::kFloat32};
  for (const int threads : {1, 2, 3, 8}) {
    Executor executor(threads);
    const auto backend = make_cpu_backend(*available_lanes().back(), std::make_shared<HostMemory>(), executor.crew());
    for (int round = 0; round < 30; ++round) {
      const int64_t first = round % rows;
      const bool overflows = round % 2 == 1;
      for (int64_t i = 0; i < rows * elements; ++i) {
        x.data()[i] = 1.0f;
        v.data()[i] = i >= first * elements && i % 997 == 5 ? kNan : 1.0f;
      }
      if (overflows) x.data()[rows * elements - 1] = 3e38f, v.data()[rows * elements - 1] = 1.0f;
      status = kStatusClean;
      backend->combine(args);
      check(status == (overflows ? pack_status(9, 3, -1, rows - 1) : pack_status(9, 3, 4, first)),
            std::to_string(threads) + " threads: the smallest status of all parts");
    }
  }
}

void test_unread_terms() {
  for (const LaneTable* lanes : tested_lanes()) {
    Floats x(77), out(77);
    for (int i = 0; i < 77; ++i) x.data()[i] = 1.0f;
    const int64_t offset = 0;
    const uint32_t row_class = 0, words[] = {word_of_float(2.0f), word_of_float(-0.0f)};
    const uint64_t seed = 1;
    unsigned long long status = kStatusClean;
    CombineArgs args{};
    args.rows = 1, args.elements = 77, args.row_offsets = &offset, args.row_class = &row_class, args.seeds = &seed;
    args.words = words, args.stride = 2, args.term_count = 2, args.output_count = 1, args.status = &status;
    // Reading the second term would end the process.
    args.terms[0] = {x.data(), 0, -1, Dtype::kFloat32};
    args.terms[1] = {reinterpret_cast<const void*>(uintptr_t{64}), 0, 0, Dtype::kBfloat16};
    args.outputs[0] = {out.data(), 0, Dtype::kFloat32};
    lanes->combine(args, whole_pass(args));
    check(out.data()[0] == 2.0f && out.data()[76] == 2.0f, std::string(lanes->name) + ": a zero term is not read");
  }
}

void test_status() {
  // Row 1, element `bad`: term 1 (evaluator 4) is not finite. Row 0 overflows by itself where asked.
  Dtype dtype = Dtype::kFloat32;
  const auto status_of = [&](const LaneTable& lanes, int64_t bad, float value, float coefficient, bool overflow) {
    const int64_t elements = 77;
    Floats x(2 * elements), v(2 * elements);
    for (int64_t i = 0; i < 2 * elements; ++i) {
      x.data()[i] = 1.0f;
      write_element(dtype, v.data(), i, elements + bad == i && bad >= 0 ? value : 1.0f);
    }
    if (overflow) x.data()[5] = 3e38f;
    const int64_t offsets[] = {0, elements};
    const uint32_t row_class[] = {0, 0};
    const uint64_t seeds[] = {1, 2};
    const uint32_t words[] = {word_of_float(2.0f), word_of_float(coefficient)};
    unsigned long long status = kStatusClean;
    CombineArgs args{};
    args.rows = 2, args.elements = elements, args.row_offsets = offsets, args.row_class = row_class;
    args.seeds = seeds, args.words = words, args.stride = 2, args.entry = 9, args.pass = 3;
    args.term_count = 2, args.output_count = 1, args.status = &status;
    args.terms[0] = {x.data(), 0, -1, Dtype::kFloat32}, args.terms[1] = {v.data(), 0, 4, dtype};
    args.outputs[0] = {x.data(), 0, Dtype::kFloat32};
    lanes.combine(args, whole_pass(args));
    return status;
  };
  for (int d = 0; d < kDtypes; ++d) {
    dtype = static_cast<Dtype>(d);
    for (const LaneTable* lanes : tested_lanes()) {
      const std::string name = std::string(lanes->name) + ", " + dtype_name(dtype);
      for (const int64_t bad : {0, 31, 32, 63, 64, 75, 76}) {
        check(status_of(*lanes, bad, kNan, 1.0f, false) == pack_status(9, 3, 4, 1), name + ": NaN names its network");
        check(status_of(*lanes, bad, -kInfinity, 1.0f, false) == pack_status(9, 3, 4, 1), name + ": so does -inf");
        check(status_of(*lanes, bad, kNan, 0.0f, false) == kStatusClean, name + ": a zero coefficient hides NaN");
        check(status_of(*lanes, bad, kNan, 1.0f, true) == pack_status(9, 3, -1, 0), name + ": overflow sorts first");
      }
      check(status_of(*lanes, -1, 0.0f, 1.0f, true) == pack_status(9, 3, -1, 0), name + ": overflow names no network");
      check(status_of(*lanes, -1, 0.0f, 1.0f, false) == kStatusClean, name + ": finite stays clean");
    }
  }
  const unsigned long long packed = pack_status(kStatusMaxEntries - 1, 255, 253, int64_t{1} << 40);
  check(status_entry(packed) == kStatusMaxEntries - 1 && status_evaluator(packed) == 253 &&
            status_row(packed) == kStatusLastRow && packed < kStatusClean,
        "status: the largest fields come back");
}

void test_half_overflow() {
  // x doubled into a half buffer: finite in float32, and beyond the largest half in element `bad`.
  const auto status_of = [](const LaneTable& lanes, Dtype dtype, int64_t bad, float value) {
    Floats x(77), out(77);
    for (int64_t i = 0; i < 77; ++i) x.data()[i] = i == bad ? value : 1.0f;
    const int64_t offset = 0;
    const uint32_t row_class = 0, words[] = {word_of_float(2.0f)};
    const uint64_t seed = 1;
    unsigned long long status = kStatusClean;
    CombineArgs args{};
    args.rows = 1, args.elements = 77, args.row_offsets = &offset, args.row_class = &row_class, args.seeds = &seed;
    args.words = words, args.stride = 1, args.term_count = 1, args.output_count = 1, args.status = &status;
    args.terms[0] = {x.data(), 0, 4, Dtype::kFloat32}, args.outputs[0] = {out.data(), 0, dtype};
    lanes.combine(args, whole_pass(args));
    return status;
  };
  for (const LaneTable* lanes : tested_lanes()) {
    for (const int64_t bad : {0, 31, 32, 75, 76}) {
      for (const float sign : {1.0f, -1.0f}) {
        const auto status = [&](Dtype dtype, float value) { return status_of(*lanes, dtype, bad, sign * value); };
        const unsigned long long overflowed = pack_status(0, 0, -1, 0);
        check(status(Dtype::kFloat16, 32759.998f) == kStatusClean, "the largest float16 is finite");
        check(status(Dtype::kFloat16, 32760.0f) == overflowed, "a float16 that overflows is the update's own");
        check(status(Dtype::kBfloat16, 32760.0f) == kStatusClean, "bfloat16 reaches further");
        check(status(Dtype::kBfloat16, 0x1.FFp126f) == overflowed, "a bfloat16 that overflows is the update's own");
      }
    }
  }
}

}  // namespace ds
