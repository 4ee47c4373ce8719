// Checks a plan when it enters the engine: what passes is safe to run. Host code only.
#include <string>

#include "failure.h"
#include "step_loop.h"

namespace ds {

namespace {

// Host tables are held in memory more than once, so sizes near the address space are refused here and not by an
// allocator.
constexpr uint64_t kMaxBytes = uint64_t{1} << 46;
constexpr uint32_t kMaxSlots = 1u << 16;
constexpr uint32_t kMaxRecord = 1u << 20;

[[noreturn]] void refuse(const std::string& what) { throw Failure(FailureCode::kInternal, "plan: " + what); }

void expect(bool holds, const std::string& where, const std::string& expected, uint64_t received) {
  if (!holds) refuse("expected " + expected + " for " + where + " but received " + std::to_string(received));
}

void expect_below(uint64_t value, uint64_t limit, const std::string& where) {
  if (value >= limit) expect(false, where, "an index below " + std::to_string(limit), value);
}

void expect_index_or_none(int32_t value, uint64_t limit, const std::string& where) {
  if (value == -1 || (value >= 0 && static_cast<uint64_t>(value) < limit)) return;
  refuse("expected -1 or an index below " + std::to_string(limit) + " for " + where + " but received " +
         std::to_string(value));
}

void expect_count(uint64_t value, uint64_t exact, const std::string& where) {
  if (value != exact) expect(false, where, std::to_string(exact) + " entries", value);
}

// a * b, refused beyond what memory can hold.
uint64_t product(uint64_t a, uint64_t b, const char* what) {
  if (b != 0 && a > kMaxBytes / b)
    refuse(std::string(what) + " is too large: " + std::to_string(a) + " x " + std::to_string(b));
  return a * b;
}

// What comes from outside or goes there, and what has no type of its own, is float32.
void expect_float32(const Plan& plan, uint32_t slot, const std::string& where) {
  if (plan.slots[slot] == Dtype::kFloat32) return;
  refuse("expected a float32 slot for " + where + " but received slot " + std::to_string(slot) + ", which is " +
         dtype_name(plan.slots[slot]));
}

std::string indexed(const char* name, size_t index) { return std::string(name) + "[" + std::to_string(index) + "]"; }

void check_combine(const Plan& plan, const StepProgram& program, const CombineStage& stage, size_t evaluators,
                   const std::string& where) {
  const size_t terms = stage.terms.size(), outputs = stage.outputs.size();
  expect(terms >= 1 && terms <= kMaxTerms, where + ".terms", "1 to " + std::to_string(kMaxTerms) + " terms", terms);
  expect(outputs >= 1 && outputs <= kMaxOutputs, where + ".outputs", "1 to " + std::to_string(kMaxOutputs) + " outputs",
         outputs);
  for (size_t j = 0; j < terms; ++j) {
    const PlanTerm& term = stage.terms[j];
    const std::string at = where + indexed(".terms", j);
    expect_index_or_none(term.evaluator, evaluators, at + ".evaluator");
    if (term.slot < -1) refuse("expected -1 or a slot for " + at + ".slot but received " + std::to_string(term.slot));
    if (term.slot >= 0) {
      expect_below(static_cast<uint64_t>(term.slot), plan.slots.size(), at + ".slot");
    } else {
      expect_below(term.draw, program.words, at + ".draw");
      if (term.evaluator != -1) refuse(at + " is noise and names an evaluator");
    }
  }
  uint64_t words = stage.first_word;
  for (size_t o = 0; o < outputs; ++o) {
    const PlanOutput& output = stage.outputs[o];
    const std::string at = where + indexed(".outputs", o);
    expect_below(output.slot, plan.slots.size(), at + ".slot");
    for (size_t other = 0; other < o; ++other) {
      if (stage.outputs[other].slot == output.slot) refuse(at + " writes the same slot as an output before it");
    }
    if (o == 0 && output.derived) refuse(at + " is derived, but the first output has nothing to derive from");
    if (output.derived) expect_float32(plan, stage.outputs[0].slot, where + ".outputs[0], of which another derives,");
    words += output.derived ? 1 : terms;
  }
  expect(words <= program.words, where + ".firstWord",
         "coefficients within " + std::to_string(program.words) + " words", stage.first_word);
}

void check_evaluate(const Plan& plan, const StepProgram& program, const EvaluateStage& stage, size_t evaluators,
                    const std::string& where) {
  expect(!stage.calls.empty(), where + ".calls", "at least one call", 0);
  expect_below(stage.input, plan.slots.size(), where + ".input");
  expect_below(stage.time, program.times, where + ".time");
  expect_index_or_none(stage.second_time, program.times, where + ".secondTime");
  for (size_t c = 0; c < stage.calls.size(); ++c) {
    const std::string at = where + indexed(".calls", c);
    expect_below(stage.calls[c].evaluator, evaluators, at + ".evaluator");
    expect_below(stage.calls[c].output, plan.slots.size(), at + ".output");
    if (stage.calls[c].output == stage.input) refuse(at + " writes over its own input");
    for (size_t other = 0; other < c; ++other) {
      if (stage.calls[other].output == stage.calls[c].output) refuse(at + " writes the same slot as a call before it");
    }
  }
}

void check_program(const Plan& plan, size_t index, size_t evaluators) {
  const StepProgram& program = plan.programs[index];
  const std::string where = indexed("programs", index);
  const auto expect_record = [&](uint32_t size, const char* name) {
    expect(size <= kMaxRecord, where + name, "at most " + std::to_string(kMaxRecord), size);
  };
  expect_record(program.words, ".words");
  expect_record(program.times, ".times");
  const size_t stages = program.stages.size();
  expect(stages >= 1 && stages <= kStatusMaxPasses, where + ".stages",
         "1 to " + std::to_string(kStatusMaxPasses) + " stages", stages);
  for (size_t s = 0; s < stages; ++s) {
    const Stage& stage = program.stages[s];
    const std::string at = where + indexed(".stages", s);
    if (stage.is_combine) {
      if (!stage.evaluate.calls.empty()) refuse(at + " is a combine and has calls");
      check_combine(plan, program, stage.combine, evaluators, at);
    } else {
      check_evaluate(plan, program, stage.evaluate, evaluators, at);
    }
  }
}

void check_rows(const Plan& plan) {
  if (plan.rows < 0) refuse("expected 0 or more for rows but received " + std::to_string(plan.rows));
  if (plan.elements < 0) refuse("expected 0 or more for elements but received " + std::to_string(plan.elements));
  const auto rows = static_cast<uint64_t>(plan.rows), elements = static_cast<uint64_t>(plan.elements);
  product(product(rows, elements, "rows x elements"), sizeof(float), "the state");
  uint64_t shape = 1;
  for (size_t d = 0; d < plan.row_shape.size(); ++d) {
    if (plan.row_shape[d] < 0) refuse("expected 0 or more for " + indexed("rowShape", d));
    shape = product(shape, static_cast<uint64_t>(plan.row_shape[d]), "rowShape");
  }
  expect(shape == elements, "elements", "the product of rowShape, " + std::to_string(shape) + ",", elements);
  expect(plan.classes >= 1, "classes", "1 or more", plan.classes);
  expect_count(plan.row_class.size(), rows, "rowClass");
  expect_count(plan.seeds.size(), rows, "seeds");
  for (size_t r = 0; r < plan.row_class.size(); ++r) {
    if (plan.row_class[r] >= plan.classes) expect_below(plan.row_class[r], plan.classes, indexed("rowClass", r));
  }
}

void check_tables(const Plan& plan) {
  uint64_t words = 0, times = 0, expanded = 0;
  for (const uint32_t p : plan.sequence) {
    const StepProgram& program = plan.programs[p];
    words += product(program.words, plan.classes, "words of an entry");
    times += product(program.times, plan.classes, "times of an entry");
    expanded += product(program.times, static_cast<uint64_t>(plan.rows), "times of an entry");
    if (words > kMaxBytes || times > kMaxBytes || expanded > kMaxBytes) refuse("the sequence's tables are too large");
  }
  expect_count(plan.words.size(), words, "words");
  expect_count(plan.times.size(), times, "times");
}

// Marks what a program writes, and refuses what it reads before anything has written it.
void check_program_reads(const Plan& plan, uint32_t index, std::vector<bool>* written) {
  const auto read = [&](uint32_t slot, size_t stage) {
    if ((*written)[slot]) return;
    refuse(indexed("programs", index) + indexed(".stages", stage) + " reads slot " + std::to_string(slot) +
           " before anything has written it");
  };
  for (size_t s = 0; s < plan.programs[index].stages.size(); ++s) {
    const Stage& stage = plan.programs[index].stages[s];
    if (stage.is_combine) {
      for (const PlanTerm& term : stage.combine.terms) {
        if (term.slot >= 0) read(static_cast<uint32_t>(term.slot), s);
      }
      for (const PlanOutput& output : stage.combine.outputs) (*written)[output.slot] = true;
    } else {
      read(stage.evaluate.input, s);
      for (const EvaluateCall& call : stage.evaluate.calls) (*written)[call.output] = true;
    }
  }
}

// Slots are only ever added to the written ones, so a program that was right once is right wherever it stands again.
void check_reads(const Plan& plan) {
  std::vector<bool> written(plan.slots.size(), false), seen(plan.programs.size(), false),
      taken(plan.slots.size(), false);
  for (size_t i = 0; i < plan.starts.size(); ++i) {
    expect_below(plan.starts[i], plan.slots.size(), indexed("starts", i));
    expect_float32(plan, plan.starts[i], indexed("starts", i));
    if (written[plan.starts[i]]) refuse(indexed("starts", i) + " fills the same slot as one before it");
    written[plan.starts[i]] = true;
  }
  const size_t first_step = plan.sequence.size() - plan.steps;
  expect_index_or_none(plan.preview, plan.slots.size(), "preview");
  if (plan.preview >= 0) expect_float32(plan, static_cast<uint32_t>(plan.preview), "preview");
  for (size_t e = 0; e < plan.sequence.size(); ++e) {
    const uint32_t p = plan.sequence[e];
    if (!seen[p]) check_program_reads(plan, p, &written);
    seen[p] = true;
    if (e == first_step && plan.preview >= 0 && !written[static_cast<size_t>(plan.preview)]) {
      refuse("preview is slot " + std::to_string(plan.preview) + ", which nothing writes before the first step ends");
    }
  }
  for (size_t i = 0; i < plan.results.size(); ++i) {
    expect_below(plan.results[i], plan.slots.size(), indexed("results", i));
    expect_float32(plan, plan.results[i], indexed("results", i));
    if (!written[plan.results[i]]) refuse("nothing writes slot " + indexed("results", i));
    if (taken[plan.results[i]]) refuse(indexed("results", i) + " hands out the same slot as one before it");
    taken[plan.results[i]] = true;
  }
}

}  // namespace

void check_plan(const Plan& plan, size_t evaluators) {
  expect(!plan.slots.empty() && plan.slots.size() <= kMaxSlots, "slots", "1 to " + std::to_string(kMaxSlots),
         plan.slots.size());
  expect(evaluators <= kStatusMaxEvaluators, "evaluators", "at most " + std::to_string(kStatusMaxEvaluators),
         evaluators);
  expect(plan.sequence.size() <= kStatusMaxEntries, "sequence", "at most " + std::to_string(kStatusMaxEntries),
         plan.sequence.size());
  expect(plan.steps <= plan.sequence.size(), "steps",
         "at most the " + std::to_string(plan.sequence.size()) + " entries of the sequence", plan.steps);
  check_rows(plan);
  for (size_t p = 0; p < plan.programs.size(); ++p) check_program(plan, p, evaluators);
  for (size_t e = 0; e < plan.sequence.size(); ++e) {
    if (plan.sequence[e] >= plan.programs.size())
      expect_below(plan.sequence[e], plan.programs.size(), indexed("sequence", e));
  }
  check_tables(plan);
  check_reads(plan);
}

}  // namespace ds
