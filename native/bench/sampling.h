// From a measurement to figures: how long one sample lasts, and the middle and spread of many.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "measurement.h"

namespace ds {

// Measurements of one process by their lines; made when first asked for.
struct Sampled {
  std::string line;
  MeasurementPtr measurement;
  uint64_t repeats = 0;
  std::vector<double> seconds = {};  // of one repeat, sample by sample
};

// Seconds of one repeat, from as many repeats as fill `least_seconds`.
double take_sample(Sampled* sampled, double least_seconds);

struct Spread {
  double low, middle, high;  // quartiles
};
Spread spread_of(std::vector<double> values);

}  // namespace ds
