// The conversions of float16 and bfloat16 on every lane: all halves up, and every float where rounding turns, down.
#include <string>
#include <vector>

#include "../../native/cpu/cpu_features.h"
#include "engine_test.h"
#include "half_reference.h"

namespace ds {
namespace {

uint32_t canonical(float x) { return x != x ? 0x7FC00000u : word_of_float(x); }

void widens_all(Dtype dtype) {
  std::vector<uint16_t> halves(1 << 16);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  std::vector<float> values(halves.size());
  for (const LaneTable* lanes : tested_lanes()) {
    lanes->widen(dtype, halves.data(), halves.size(), values.data());
    int wrong = 0;
    for (size_t i = 0; i < halves.size(); ++i) {
      wrong += word_of_float(values[i]) != canonical(static_cast<float>(half_value(dtype, halves[i])));
    }
    check(wrong == 0, std::string(lanes->name) + ": " + std::to_string(wrong) + " halves are wide " +
                          dtype_name(dtype) + " of another value");
  }
}

// Every half, every middle between two, and the floats next to them; then floats of every exponent.
std::vector<float> turning_points(Dtype dtype) {
  std::vector<float> points{kNan, -kNan, kInfinity, -kInfinity, 65519.996f, 65520.0f, 3.4028235e38f};
  const auto around = [&](double value) {
    const auto point = static_cast<float>(value);
    points.insert(points.end(), {std::nextafter(point, -kInfinity), point, std::nextafter(point, kInfinity)});
  };
  for (uint32_t half = 0; half < 1 << 16; ++half) {
    const double value = half_value(dtype, static_cast<uint16_t>(half));
    const double next = half_value(dtype, static_cast<uint16_t>(half + 1));
    if (!std::isfinite(value) || !std::isfinite(next)) continue;
    around(value);
    around((value + next) / 2);
  }
  uint32_t word = 1;
  for (int i = 0; i < 1 << 20; ++i) {
    word = word * 1664525u + 1013904223u;
    float x;
    std::memcpy(&x, &word, sizeof x);
    points.push_back(x);
  }
  return points;
}

void narrows(Dtype dtype) {
  const std::vector<float> points = turning_points(dtype);
  for (const LaneTable* lanes : tested_lanes()) {
    std::vector<uint16_t> halves(points.size());
    lanes->narrow(dtype, points.data(), points.size(), halves.data());
    int wrong = 0;
    for (size_t i = 0; i < points.size(); ++i) wrong += halves[i] != nearest_half(dtype, points[i]);
    check(wrong == 0, std::string(lanes->name) + ": " + std::to_string(wrong) + " floats are rounded to another " +
                          dtype_name(dtype));
  }
}

}  // namespace

void test_halves() {
  for (const Dtype dtype : {Dtype::kFloat16, Dtype::kBfloat16}) {
    check(half_value(dtype, nearest_half(dtype, 0.15625f)) == 0.15625, "the reference keeps what fits");
    widens_all(dtype);
    narrows(dtype);
  }
  check(nearest_half(Dtype::kFloat16, 65519.996f) == 0x7BFF && nearest_half(Dtype::kFloat16, 65520.0f) == 0x7C00 &&
            nearest_half(Dtype::kFloat16, 0x1p-25f) == 0 && nearest_half(Dtype::kFloat16, 0x1.8p-25f) == 1,
        "the reference knows the ends of float16");
}

}  // namespace ds
