// Something that can be measured: made from a line, run any number of times.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../device.h"
#include "team.h"

namespace ds {

// What all measurements of one process share.
struct Bench {
  Device* device;
  Team* team;
};

class Measurement {
 public:
  virtual ~Measurement() = default;
  // Does it `repeats` times over; the seconds that took.
  virtual double run(uint64_t repeats) = 0;
  // Does it once and gives the bytes that it made. Throws std::invalid_argument where there is nothing to compare.
  virtual std::vector<unsigned char> outcome();

  // Of one repeat: bytes read and written, each input once and each output once, and elements made.
  double bytes = 0;
  double elements = 0;
};
using MeasurementPtr = std::unique_ptr<Measurement>;

// All throw std::invalid_argument that names the key, or Failure.
MeasurementPtr make_measurement(const Bench& bench, const std::string& text);

class Line;
MeasurementPtr make_copy(const Bench& bench, Line* line);
MeasurementPtr make_combine(const Bench& bench, Line* line);
MeasurementPtr make_replay(const Bench& bench, Line* line);
MeasurementPtr make_network(const Bench& bench, Line* line);

}  // namespace ds
