// One combine pass: any number of inputs, outputs, rows and row classes, with noise and without.
#include <stdexcept>
#include <utility>
#include <vector>

#include "../../cuda/combine_args.h"
#include "../../cuda/dtype.h"
#include "../../cuda/status.h"
#include "fast_math.h"
#include "line.h"
#include "measurement.h"
#include "numbers.h"
#include "turn.h"

namespace ds {
namespace {

struct CombineShape {
  Dtype networks;  // of all inputs but the state
  int64_t inputs, noise, outputs, derived, rows, elements, classes;
  bool in_place;
  void (*fast_math)(const CombineArgs& args);  // null: the exact code
};

uint32_t word_of(float x) {
  uint32_t word;
  static_assert(sizeof word == sizeof x, "a coefficient is one word");
  __builtin_memcpy(&word, &x, sizeof word);
  return word;
}

struct CombinePass {
  std::unique_ptr<Backend> backend;
  std::vector<BufferPtr> buffers;
  BufferPtr table;
  CombineArgs args{};
};

// The record of one class: draw index, then coefficients that keep an output bounded that is an input as well.
std::vector<uint32_t> record(const CombineShape& shape) {
  std::vector<uint32_t> words{7};
  const int64_t terms = shape.inputs + shape.noise;
  for (int64_t o = 0; o < shape.outputs; ++o) {
    if (o > 0 && o <= shape.derived) {
      words.push_back(word_of(0.75f));
      continue;
    }
    for (int64_t j = 0; j < terms; ++j) {
      // Further outputs are carried predictions: of two terms, a network's and its guide's.
      const bool used = o == 0 || (j >= 1 && j <= 2);
      words.push_back(word_of(used ? 0.5f / static_cast<float>(j + 1) : 0.0f));
    }
  }
  return words;
}

template <class T>
size_t append(std::vector<unsigned char>* image, const std::vector<T>& values) {
  const size_t at = (image->size() + 15) / 16 * 16;
  image->resize(at + values.size() * sizeof(T));
  __builtin_memcpy(image->data() + at, values.data(), values.size() * sizeof(T));
  return at;
}

CombinePass make_pass(const Bench& bench, const CombineShape& shape) {
  CombinePass pass;
  pass.backend = bench.device->make_backend();
  const auto floats = static_cast<size_t>(shape.rows * shape.elements);
  const int64_t apart = shape.in_place && shape.inputs > 0 ? shape.outputs - 1 : shape.outputs;
  const auto dtype_of = [&](int64_t i) { return i > 0 && i < shape.inputs ? shape.networks : Dtype::kFloat32; };
  for (int64_t i = 0; i < shape.inputs + apart; ++i) {
    pass.buffers.push_back(normals_on(pass.backend.get(), floats, dtype_of(i)));
  }
  const std::vector<uint32_t> one = record(shape);
  std::vector<uint32_t> words, row_class;
  for (int64_t c = 0; c < shape.classes; ++c) words.insert(words.end(), one.begin(), one.end());
  std::vector<int64_t> offsets;
  std::vector<uint64_t> seeds;
  for (int64_t r = 0; r < shape.rows; ++r) {
    offsets.push_back(r * shape.elements);
    row_class.push_back(static_cast<uint32_t>(r % shape.classes));
    seeds.push_back(static_cast<uint64_t>(r) * 0x9E3779B97F4A7C15u);
  }
  std::vector<unsigned char> image;
  const size_t status_at = append(&image, std::vector<unsigned long long>{kStatusClean});
  const size_t offsets_at = append(&image, offsets), seeds_at = append(&image, seeds);
  const size_t class_at = append(&image, row_class), words_at = append(&image, words);
  pass.table = pass.backend->allocate(image.size());
  pass.backend->upload(pass.table->data(), image.data(), image.size());
  auto* base = static_cast<unsigned char*>(pass.table->data());

  CombineArgs& args = pass.args;
  args.rows = shape.rows, args.elements = shape.elements;
  args.row_offsets = reinterpret_cast<const int64_t*>(base + offsets_at);
  args.row_class = reinterpret_cast<const uint32_t*>(base + class_at);
  args.seeds = reinterpret_cast<const uint64_t*>(base + seeds_at);
  args.words = reinterpret_cast<const uint32_t*>(base + words_at);
  args.status = reinterpret_cast<unsigned long long*>(base + status_at);
  args.stride = static_cast<uint32_t>(one.size());
  args.first_word = 1;
  args.term_count = static_cast<int32_t>(shape.inputs + shape.noise);
  args.output_count = static_cast<int32_t>(shape.outputs);
  const auto buffer = [&](int64_t i) { return pass.buffers[static_cast<size_t>(i)]->data(); };
  for (int64_t j = 0; j < shape.inputs; ++j) args.terms[j] = {buffer(j), 0, j == 0 ? -1 : 0, dtype_of(j)};
  if (shape.noise != 0) args.terms[shape.inputs] = {nullptr, 0, -1, Dtype::kFloat32};
  int64_t next = shape.inputs;
  for (int64_t o = 0; o < shape.outputs; ++o) {
    const bool over_state = o == 0 && shape.in_place && shape.inputs > 0;
    args.outputs[o] = {over_state ? buffer(0) : buffer(next++), o > 0 && o <= shape.derived ? 1u : 0u, Dtype::kFloat32};
  }
  return pass;
}

class Combine final : public Measurement {
 public:
  Combine(const Bench& bench, const CombineShape& shape)
      : executor_(bench.device->executor()), fast_math_(shape.fast_math), pass_(make_pass(bench, shape)) {
    elements = static_cast<double>(shape.rows * shape.elements);
    const int64_t from_networks = shape.inputs > 0 ? (shape.inputs - 1) * dtype_bytes(shape.networks) : 0;
    const int64_t of_state = ((shape.inputs > 0 ? 1 : 0) + shape.outputs) * dtype_bytes(Dtype::kFloat32);
    bytes = elements * static_cast<double>(from_networks + of_state);
  }

  double run(uint64_t repeats) override {
    return measure_turn(*executor_, [&] {
      for (uint64_t i = 0; i < repeats; ++i) {
        if (fast_math_) {
          fast_math_(pass_.args);
        } else {
          pass_.backend->combine(pass_.args);
        }
      }
      pass_.backend->finish();
    });
  }

  std::vector<unsigned char> outcome() override {
    run(1);
    std::vector<unsigned char> bytes;
    for (const BufferPtr& buffer : pass_.buffers) append_bytes(pass_.backend.get(), buffer.get(), &bytes);
    return bytes;
  }

 private:
  std::shared_ptr<Executor> executor_;
  void (*fast_math_)(const CombineArgs& args);
  CombinePass pass_;
};

Dtype read_dtype(const std::string& name) {
  for (int i = 0; i < kDtypes; ++i) {
    if (name == kDtypeNames[i]) return static_cast<Dtype>(i);
  }
  throw std::invalid_argument("expected float32, float16 or bfloat16 for networks but received '" + name + "'");
}

// For the lanes of the device.
void (*fast_math_code(const Device& device))(const CombineArgs&) {
  if (device.threads() > 1) throw std::invalid_argument("expected one thread for the fast-math code");
  if (device.lanes() == "avx2") return fast_math_combine_avx2;
  if (device.lanes() == "avx512") return fast_math_combine_avx512;
  throw std::invalid_argument("the fast-math code is built for avx2 and avx512 lanes, not for " + device.lanes());
}

}  // namespace

MeasurementPtr make_combine(const Bench& bench, Line* line) {
  CombineShape shape{};
  shape.inputs = line->number("inputs", 3, 0);
  shape.noise = line->number("noise", 0, 0);
  shape.outputs = line->number("outputs", 1, 1);
  shape.derived = line->number("derived", 0, 0);
  shape.rows = line->number("rows", 1, 1);
  shape.elements = line->number("elements", 1 << 20, 0);
  shape.classes = line->number("classes", 1, 1);
  shape.networks = read_dtype(line->word("networks", "float32"));
  const std::string place = line->word("place", "in"), build = line->word("build", "exact");
  if (place != "in" && place != "apart") throw std::invalid_argument("expected in or apart for place");
  if (build != "exact" && build != "fast-math") throw std::invalid_argument("expected exact or fast-math for build");
  shape.in_place = place == "in";
  if (shape.noise > 1 || shape.inputs + shape.noise < 1 || shape.inputs + shape.noise > kMaxTerms) {
    throw std::invalid_argument("expected 0 or 1 for noise, and 1 to " + std::to_string(kMaxTerms) + " terms in all");
  }
  if (shape.outputs > kMaxOutputs || shape.derived >= shape.outputs) {
    throw std::invalid_argument("expected at most " + std::to_string(kMaxOutputs) +
                                " outputs, fewer of them derived than there are");
  }
  if (shape.outputs - shape.derived > 1 && shape.inputs < 3) {
    throw std::invalid_argument("expected at least 3 inputs where a further output is carried");
  }
  if (build == "fast-math") shape.fast_math = fast_math_code(*bench.device);
  return std::make_unique<Combine>(bench, shape);
}

}  // namespace ds
