// All 2^32 floats down to float16 and bfloat16, and all halves up, on every lane that the compiler was told of.
//
// The reference needs no rounding of its own: from one magnitude to the next, the nearest half is the same or the next
// one, and which it is follows from the middle between the two, which float64 holds exactly.
#include "half.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../tests/native/half_reference.h"
#include "tile.h"

namespace {

using ds::Dtype;

constexpr int kBlock = 1 << 16;
constexpr uint32_t kInfinityWord = 0x7F800000u;

// Calls check(word, half) for every float of the block that begins at `first`.
template <class F, class Check>
void narrow_block(Dtype dtype, uint32_t first, const Check& check) {
  float values[ds::kTile<F>];
  uint16_t halves[ds::kTile<F>];
  for (int at = 0; at < kBlock; at += ds::kTile<F>) {
    for (int i = 0; i < ds::kTile<F>; ++i) {
      const uint32_t word = first + static_cast<uint32_t>(at + i);
      std::memcpy(values + i, &word, sizeof word);
    }
    F tile[4];
    ds::word_of<F> narrowed[4];
    ds::FullTile<F>{}.load(values, tile);
    for (int i = 0; i < 4; ++i) narrowed[i] = ds::narrow(dtype, tile[i]);
    ds::FullTile<F>{}.store(halves, narrowed);
    for (int i = 0; i < ds::kTile<F>; ++i) check(first + static_cast<uint32_t>(at + i), halves[i]);
  }
}

template <class F>
uint64_t narrow_all(Dtype dtype) {
  const ds::HalfFormat format = ds::half_format(dtype);
  // Where infinity would stand if the numbers went on: from the middle before it, floats round to it.
  const double beyond = 2 * ds::half_value(dtype, static_cast<uint16_t>(format.infinity - (1 << format.fraction_bits)));
  const auto middle = [&](uint16_t half) {
    const auto next = static_cast<uint16_t>(half + 1);
    return (ds::half_value(dtype, half) + (next == format.infinity ? beyond : ds::half_value(dtype, next))) / 2;
  };
  uint64_t wrong = 0;
  for (const uint32_t sign : {0u, 0x80000000u}) {
    uint16_t nearest = 0;
    double turn = middle(0);
    for (uint32_t first = 0; first < 0x80000000u; first += kBlock) {
      narrow_block<F>(dtype, first | sign, [&](uint32_t word, uint16_t half) {
        const uint32_t magnitude = word & 0x7FFFFFFFu;
        uint16_t expected = format.nan;
        if (magnitude <= kInfinityWord) {
          float x;
          std::memcpy(&x, &magnitude, sizeof x);
          while (nearest != format.infinity && (x > turn || (x == turn && nearest % 2 == 1))) turn = middle(++nearest);
          expected = static_cast<uint16_t>(nearest | sign >> 16);
        }
        wrong += half != expected;
      });
    }
  }
  return wrong;
}

template <class F>
uint64_t widen_all(Dtype dtype) {
  uint64_t wrong = 0;
  for (int first = 0; first < kBlock; first += ds::kTile<F>) {
    uint16_t halves[ds::kTile<F>];
    float values[ds::kTile<F>];
    for (int i = 0; i < ds::kTile<F>; ++i) halves[i] = static_cast<uint16_t>(first + i);
    F tile[4];
    ds::FullTile<F>{}.load(dtype, halves, tile);
    ds::FullTile<F>{}.store(values, tile);
    for (int i = 0; i < ds::kTile<F>; ++i) {
      const double value = ds::half_value(dtype, halves[i]);
      const uint32_t expected = std::isnan(value) ? 0x7FC00000u : ds::bits(static_cast<float>(value));
      wrong += ds::bits(values[i]) != expected;
    }
  }
  return wrong;
}

template <class F>
bool all_right(const char* lanes) {
  uint64_t wrong = 0;
  for (const Dtype dtype : {Dtype::kFloat16, Dtype::kBfloat16}) {
    const uint64_t down = narrow_all<F>(dtype), up = widen_all<F>(dtype);
    std::printf("%s, %s: %llu of 2^32 floats and %llu of 2^16 halves are converted wrongly\n", lanes,
                ds::dtype_name(dtype), static_cast<unsigned long long>(down), static_cast<unsigned long long>(up));
    wrong += down + up;
  }
  return wrong == 0;
}

}  // namespace

int main() {
  bool right = all_right<float>("scalar");
#if defined(__AVX2__)
  right = all_right<ds::v8f>("avx2") && right;
#endif
#if defined(__AVX512F__)
  right = all_right<ds::v16f>("avx512") && right;
#endif
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
