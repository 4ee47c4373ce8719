// Stored step programs: what a sampler does in its steps, without the sampler. Written by scripts/bench-programs.ts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../../cuda/plan.h"

namespace ds {

// One entry of a sequence: a program and its numbers.
struct StoredEntry {
  uint32_t program;
  std::vector<uint32_t> words;
  std::vector<size_t> draws;  // words that hold draw indices
  std::vector<float> times;
};

class ProgramFile {
 public:
  // Throws std::runtime_error that names the file and the line.
  explicit ProgramFile(const std::string& path);

  uint32_t evaluators() const { return evaluators_; }
  // Whether this one is a flow map.
  bool takes_second_time(uint32_t evaluator) const;
  // Steps that stand before the first repeatable one.
  uint32_t steps_before() const { return static_cast<uint32_t>(before_.size()); }
  // Bytes that the passes of the repeatable step move per element, each input once, each output once.
  uint32_t bytes_per_element() const;
  // A run whose middle step is taken `middle_steps` times.
  Plan plan(int64_t rows, int64_t elements, uint32_t classes, uint32_t middle_steps) const;

 private:
  void read_line(const std::string& keyword, std::vector<std::string> words);

  uint32_t evaluators_ = 0;
  std::vector<Dtype> slots_;
  std::vector<StepProgram> programs_;
  std::vector<StoredEntry> start_, before_, middle_, after_;
};

}  // namespace ds
