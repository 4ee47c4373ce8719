// What the engine executes: a plan as plain data, checked once when it enters.
#pragma once

#include <cstdint>
#include <vector>

#include "combine_args.h"  // kMaxTerms, kMaxOutputs

namespace ds {

// One input of a combine pass: a buffer, or unit normals of the draw whose index stands in word `draw`.
struct PlanTerm {
  int32_t slot;       // buffer, or -1 for noise
  int32_t evaluator;  // who wrote the buffer, or -1
  uint32_t draw;      // noise only: word of the record that holds the draw index
};

struct PlanOutput {
  uint32_t slot;
  bool derived;  // a multiple of output 0 after rounding
};

struct CombineStage {
  uint32_t first_word;
  std::vector<PlanTerm> terms;
  std::vector<PlanOutput> outputs;
};

struct EvaluateCall {
  uint32_t evaluator;
  uint32_t output;  // slot
};

struct EvaluateStage {
  uint32_t input;       // slot
  uint32_t time;        // index among the times of the step
  int32_t second_time;  // the same for where a flow map goes, or -1
  std::vector<EvaluateCall> calls;
};

// Exactly one of the two is used: `calls` is empty for a combine.
struct Stage {
  bool is_combine;
  CombineStage combine;
  EvaluateStage evaluate;
};

struct StepProgram {
  uint32_t words;  // per record and row class
  uint32_t times;  // per record and row class
  std::vector<Stage> stages;
};

struct Plan {
  int64_t rows = 0;
  int64_t elements = 0;  // of one row
  std::vector<int64_t> row_shape;
  std::vector<Dtype> slots;  // buffers of rows x elements
  std::vector<StepProgram> programs;
  std::vector<uint32_t> sequence;
  uint32_t steps = 0;  // the last `steps` entries of the sequence
  uint32_t classes = 0;
  std::vector<uint32_t> row_class;
  std::vector<uint32_t> words;    // entry after entry: classes x words
  std::vector<float> times;       // entry after entry: times x classes
  std::vector<uint64_t> seeds;    // one per row
  std::vector<uint32_t> starts;   // slots that are filled before the first entry
  std::vector<uint32_t> results;  // slots that are handed out at the end
  int32_t preview = -1;           // slot that is read when a step has ended, or -1
  bool graph = false;             // steps may be recorded and replayed
};

}  // namespace ds
