// Combine passes made from a seed: what a step program may ask for, and some that it should not.
#include "combine_cases.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "../../cuda/half.h"

namespace ds::ptx {
namespace {

using Random = std::mt19937_64;

constexpr int kDrawWords = 2;  // of a record, before its coefficients

struct Tables {
  std::vector<int64_t> offsets;
  std::vector<uint32_t> row_class, words;
  std::vector<uint64_t> seeds;
  uint32_t stride = 0;
  int64_t extent = 0;                     // elements of every buffer
  std::vector<std::vector<float>> terms;  // empty where a term is noise
  std::vector<Dtype> term_dtypes, output_dtypes;
};

float number(Random* random) {
  return static_cast<float>(static_cast<int32_t>((*random)() >> 40) - (1 << 23)) * 0x1p-22f;
}

uint32_t word_of(float x) {
  uint32_t word;
  std::memcpy(&word, &x, sizeof word);
  return word;
}

// About every fourth coefficient is a zero of either sign.
float coefficient(Random* random) {
  const uint64_t choice = (*random)() % 8;
  return choice == 0 ? 0.0f : choice == 1 ? -0.0f : number(random);
}

Tables make_tables(const CombineCase& c) {
  Random random(c.seed);
  Tables t;
  const uint32_t classes = c.uniform ? 1 : 3;
  t.stride = kDrawWords + static_cast<uint32_t>(c.terms * c.outputs) + 1;
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity(), 3.4e38f};
  for (uint32_t i = 0; i < classes * t.stride; ++i) t.words.push_back(word_of(coefficient(&random)));
  if (c.values == Values::kNotFinite && random() % 3 == 0)
    t.words[random() % t.words.size()] = word_of(bad[random() % 4]);
  for (uint32_t k = 0; k < classes; ++k) {
    for (int d = 0; d < kDrawWords; ++d) t.words[k * t.stride + d] = static_cast<uint32_t>(random());
  }
  std::vector<int64_t> place(c.rows);
  std::iota(place.begin(), place.end(), 0);
  if (c.shifted) std::shuffle(place.begin(), place.end(), random);
  t.offsets.resize(c.rows);
  for (const int64_t row : place) {
    if (c.shifted) t.extent += static_cast<int64_t>(random() % 7);
    t.offsets[row] = t.extent;
    t.extent += c.elements;
  }
  for (int64_t row = 0; row < c.rows; ++row) {
    t.row_class.push_back(static_cast<uint32_t>(random() % classes));
    t.seeds.push_back(random());
  }
  for (int j = 0; j < c.terms; ++j) {
    t.terms.emplace_back();
    if (c.noise >> j & 1) continue;
    for (int64_t e = 0; e < t.extent; ++e) t.terms[j].push_back(number(&random));
    if (c.values == Values::kFinite || t.extent == 0) continue;
    for (uint64_t i = random() % 3; i > 0; --i) t.terms[j][random() % t.terms[j].size()] = bad[random() % 4];
  }
  const auto dtype = [&] { return c.halves ? static_cast<Dtype>(random() % kDtypes) : Dtype::kFloat32; };
  for (int j = 0; j < c.terms; ++j) t.term_dtypes.push_back(c.noise >> j & 1 ? Dtype::kFloat32 : dtype());
  for (int o = 0; o < c.outputs; ++o) t.output_dtypes.push_back(dtype());
  // What is derived takes the first output's float32.
  if (c.derived != 0) t.output_dtypes[0] = Dtype::kFloat32;
  return t;
}

template <class T>
BufferPtr uploaded(Backend* backend, const std::vector<T>& values) {
  BufferPtr buffer = backend->allocate(values.size() * sizeof(T));
  backend->upload(buffer->data(), values.data(), values.size() * sizeof(T));
  return buffer;
}

// float32 values as elements of `dtype`, and back.
std::vector<uint8_t> encoded(Dtype dtype, const std::vector<float>& values) {
  std::vector<uint8_t> bytes(values.size() * static_cast<size_t>(dtype_bytes(dtype)));
  for (size_t i = 0; i < values.size(); ++i) {
    const uint32_t word = dtype == Dtype::kFloat32 ? word_of(values[i]) : narrow(dtype, values[i]);
    std::memcpy(bytes.data() + i * dtype_bytes(dtype), &word, dtype_bytes(dtype));
  }
  return bytes;
}
std::vector<float> decoded(Dtype dtype, const std::vector<uint8_t>& bytes) {
  std::vector<float> values(bytes.size() / static_cast<size_t>(dtype_bytes(dtype)));
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t word = 0;
    std::memcpy(&word, bytes.data() + i * dtype_bytes(dtype), dtype_bytes(dtype));
    values[i] = dtype == Dtype::kFloat32 ? from_bits(word) : widen<float>(dtype, word);
  }
  return values;
}

}  // namespace

std::string describe(const CombineCase& c) {
  return "combine: seed " + std::to_string(c.seed) + ", " + std::to_string(c.rows) + " x " +
         std::to_string(c.elements) + ", " + std::to_string(c.terms) + " terms (noise " + std::to_string(c.noise) +
         "), " + std::to_string(c.outputs) + " outputs (derived " + std::to_string(c.derived) + ")" +
         (c.aliased ? ", aliased" : "") + (c.shifted ? ", shifted" : "") + (c.uniform ? ", uniform" : "") +
         (c.halves ? ", halves" : "") + (c.values == Values::kNotFinite ? ", not finite" : "");
}

std::function<Outcome(Backend&)> combine_work(const CombineCase& c) {
  return [c, t = make_tables(c)](Backend& backend) {
    const BufferPtr offsets = uploaded(&backend, t.offsets), row_class = uploaded(&backend, t.row_class);
    // Half of the cases are a replayed step: the record lies further on, and the cursor has the entry.
    const bool replayed = c.seed % 2 == 1;
    std::vector<uint32_t> before(replayed ? 3 : 0, 0u);
    const StepCursor place{before.size(), 0, 5, 0};
    before.insert(before.end(), t.words.begin(), t.words.end());
    const BufferPtr seeds = uploaded(&backend, t.seeds), words = uploaded(&backend, before);
    const BufferPtr cursor = uploaded(&backend, std::vector<StepCursor>{place});
    const BufferPtr status = uploaded(&backend, std::vector<unsigned long long>{kStatusClean});
    std::vector<BufferPtr> terms, outputs;
    CombineArgs args{};
    args.rows = c.rows, args.elements = c.elements;
    args.row_offsets = static_cast<const int64_t*>(offsets->data());
    args.row_class = static_cast<const uint32_t*>(row_class->data());
    args.seeds = static_cast<const uint64_t*>(seeds->data());
    args.words = static_cast<const uint32_t*>(words->data());
    args.stride = t.stride, args.first_word = kDrawWords, args.entry = replayed ? 0 : place.entry, args.pass = 2;
    if (replayed) args.cursor = static_cast<const StepCursor*>(cursor->data());
    args.term_count = c.terms, args.output_count = c.outputs;
    args.status = static_cast<unsigned long long*>(status->data());
    std::vector<int> stored;  // which terms are no noise
    for (int j = 0; j < c.terms; ++j) {
      args.terms[j].dtype = t.term_dtypes[j];
      args.terms[j].draw = static_cast<uint32_t>(j % kDrawWords), args.terms[j].evaluator = -1;
      if (c.noise >> j & 1) continue;
      terms.push_back(uploaded(&backend, encoded(t.term_dtypes[j], t.terms[j])));
      stored.push_back(j);
      args.terms[j].base = terms.back()->data(), args.terms[j].evaluator = j % 3 - 1;
    }
    for (int o = 0; o < c.outputs; ++o) {
      args.outputs[o].derived = c.derived >> o & 1;
      args.outputs[o].dtype = t.output_dtypes[o];
      const size_t at = static_cast<size_t>(o);
      if (c.aliased && at < terms.size() && t.term_dtypes[stored[at]] == t.output_dtypes[o]) {
        args.outputs[o].base = terms[at]->data();
        continue;
      }
      outputs.push_back(backend.allocate(static_cast<size_t>(t.extent * dtype_bytes(t.output_dtypes[o]))));
      args.outputs[o].base = outputs.back()->data();
    }
    backend.combine(args);
    backend.finish();
    Outcome outcome;
    for (int o = 0; o < c.outputs; ++o) {
      const int64_t bytes = dtype_bytes(t.output_dtypes[o]);
      std::vector<uint8_t> elements(static_cast<size_t>(c.rows * c.elements * bytes));
      for (int64_t row = 0; row < c.rows; ++row) {
        backend.download(elements.data() + row * c.elements * bytes,
                         static_cast<const uint8_t*>(args.outputs[o].base) + t.offsets[row] * bytes,
                         static_cast<size_t>(c.elements * bytes));
      }
      outcome.floats.push_back(decoded(t.output_dtypes[o], elements));
    }
    backend.download(&outcome.status, status->data(), sizeof outcome.status);
    return outcome;
  };
}

}  // namespace ds::ptx
