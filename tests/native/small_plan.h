// A plan small enough to be followed by hand.
#pragma once

#include <utility>
#include <vector>

#include "../../cuda/plan.h"
#include "engine_test.h"

namespace ds {

inline Stage combine_stage(uint32_t first_word, std::vector<PlanTerm> terms, std::vector<PlanOutput> outputs) {
  return {true, {first_word, std::move(terms), std::move(outputs)}, {}};
}
inline Stage evaluate_stage(uint32_t input, uint32_t time, int32_t second_time, std::vector<EvaluateCall> calls) {
  return {false, {}, {input, time, second_time, std::move(calls)}};
}

// Three guided steps after a start made of noise: x' = x + c0 u + c1 v, with u from evaluator 0 and v from 1.
inline Plan small_plan() {
  Plan plan;
  plan.rows = 3, plan.elements = 37, plan.row_shape = {37}, plan.slots.assign(3, Dtype::kFloat32), plan.classes = 2;
  plan.row_class = {0, 1, 0};
  plan.seeds = {11, 22, 33};
  plan.results = {0};
  plan.programs.push_back({2, 0, {combine_stage(1, {{-1, -1, 0}}, {{0, false}})}});
  plan.programs.push_back({4,
                           1,
                           {evaluate_stage(0, 0, -1, {{0, 1}, {1, 2}}),
                            combine_stage(1, {{0, -1, 0}, {1, 0, 0}, {2, 1, 0}}, {{0, false}})}});
  plan.sequence = {0, 1, 1, 1};
  plan.steps = 3;
  for (const float scale : {1.0f, 0.5f}) plan.words.insert(plan.words.end(), {4, word_of_float(scale)});
  for (int step = 0; step < 3; ++step) {
    for (int c = 0; c < 2; ++c) {
      plan.words.insert(plan.words.end(), {0, word_of_float(1.0f), word_of_float(-0.25f - 0.1f * step),
                                           word_of_float(c == 0 ? 0.0f : 0.125f)});
    }
    plan.times.insert(plan.times.end(), {1.0f - 0.25f * step, 0.875f - 0.25f * step});
  }
  return plan;
}

}  // namespace ds
