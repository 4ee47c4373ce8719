// Reads stored step programs, line by line: a keyword, then words. '#' begins a comment.
//
//   slots DTYPE... | evaluators N | program WORDS TIMES
//   evaluate INPUT TIME SECOND_TIME EVALUATOR>OUTPUT...       of the program above; -1: no second time
//   combine FIRST_WORD TERM... = OUTPUT...                    TERM: bSLOT/EVALUATOR or z@WORD; OUTPUT: bSLOT or *bSLOT
//   start|before|middle|after PROGRAM WORD... : TIME...       WORD: a coefficient, or #DRAW
#include "program_file.h"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace ds {
namespace {

uint32_t whole(const std::string& text) {
  size_t read = 0;
  const unsigned long value = std::stoul(text, &read);
  if (read != text.size()) throw std::invalid_argument("'" + text + "' is no number");
  return static_cast<uint32_t>(value);
}

int32_t index_or_none(const std::string& text) { return text == "-1" ? -1 : static_cast<int32_t>(whole(text)); }

// The two parts of `text` around `mark`, behind a prefix of `skip` letters.
std::pair<std::string, std::string> parts(const std::string& text, char mark, size_t skip) {
  const size_t at = text.find(mark);
  if (at == std::string::npos || at < skip) throw std::invalid_argument("'" + text + "' has no " + mark);
  return {text.substr(skip, at - skip), text.substr(at + 1)};
}

Dtype read_dtype(const std::string& name) {
  for (int i = 0; i < kDtypes; ++i) {
    if (name == kDtypeNames[i]) return static_cast<Dtype>(i);
  }
  throw std::invalid_argument("unknown type '" + name + "'");
}

using Words = std::vector<std::string>;

Stage read_evaluate(const Words& words) {
  Stage stage{};
  stage.evaluate.input = whole(words.at(0));
  stage.evaluate.time = whole(words.at(1));
  stage.evaluate.second_time = index_or_none(words.at(2));
  for (size_t i = 3; i < words.size(); ++i) {
    const auto call = parts(words[i], '>', 0);
    stage.evaluate.calls.push_back({whole(call.first), whole(call.second)});
  }
  return stage;
}

Stage read_combine(const Words& words) {
  Stage stage{};
  stage.is_combine = true;
  stage.combine.first_word = whole(words.at(0));
  size_t i = 1;
  for (; words.at(i) != "="; ++i) {
    if (words[i][0] == 'z') {
      stage.combine.terms.push_back({-1, -1, whole(parts(words[i], '@', 1).second)});
    } else {
      const auto term = parts(words[i], '/', 1);
      stage.combine.terms.push_back({static_cast<int32_t>(whole(term.first)), index_or_none(term.second), 0});
    }
  }
  for (++i; i < words.size(); ++i) {
    const bool derived = words[i][0] == '*';
    stage.combine.outputs.push_back({whole(words[i].substr(derived ? 2 : 1)), derived});
  }
  return stage;
}

StoredEntry read_entry(const Words& words) {
  StoredEntry entry{whole(words.at(0)), {}, {}, {}};
  size_t i = 1;
  for (; words.at(i) != ":"; ++i) {
    if (words[i][0] == '#') {
      entry.draws.push_back(entry.words.size());
      entry.words.push_back(whole(words[i].substr(1)));
      continue;
    }
    const float coefficient = std::stof(words[i]);
    uint32_t word;
    __builtin_memcpy(&word, &coefficient, sizeof word);
    entry.words.push_back(word);
  }
  for (++i; i < words.size(); ++i) entry.times.push_back(std::stof(words[i]));
  return entry;
}

}  // namespace

ProgramFile::ProgramFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream text(line);
    std::string keyword;
    text >> keyword;
    if (keyword.empty() || keyword[0] == '#') continue;
    Words words;
    for (std::string word; text >> word;) words.push_back(word);
    try {
      read_line(keyword, std::move(words));
    } catch (const std::exception& problem) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + problem.what());
    }
  }
  if (middle_.size() != 1) throw std::runtime_error(path + ": expected one middle step");
}

void ProgramFile::read_line(const std::string& keyword, Words words) {
  if (keyword == "slots") {
    for (const std::string& word : words) slots_.push_back(read_dtype(word));
  } else if (keyword == "evaluators") {
    evaluators_ = whole(words.at(0));
  } else if (keyword == "program") {
    programs_.push_back({whole(words.at(0)), whole(words.at(1)), {}});
  } else if (keyword == "evaluate") {
    programs_.at(programs_.size() - 1).stages.push_back(read_evaluate(words));
  } else if (keyword == "combine") {
    programs_.at(programs_.size() - 1).stages.push_back(read_combine(words));
  } else if (keyword == "start") {
    start_.push_back(read_entry(words));
  } else if (keyword == "before") {
    before_.push_back(read_entry(words));
  } else if (keyword == "middle") {
    middle_.push_back(read_entry(words));
  } else if (keyword == "after") {
    after_.push_back(read_entry(words));
  } else {
    throw std::invalid_argument("unknown keyword '" + keyword + "'");
  }
}

bool ProgramFile::takes_second_time(uint32_t evaluator) const {
  for (const StepProgram& program : programs_) {
    for (const Stage& stage : program.stages) {
      for (const EvaluateCall& call : stage.evaluate.calls) {
        if (call.evaluator == evaluator && stage.evaluate.second_time >= 0) return true;
      }
    }
  }
  return false;
}

uint32_t ProgramFile::bytes_per_element() const {
  int64_t bytes = 0;
  const auto width = [this](size_t slot) { return dtype_bytes(slots_.at(slot)); };
  for (const Stage& stage : programs_.at(middle_.front().program).stages) {
    if (!stage.is_combine) continue;
    for (const PlanOutput& output : stage.combine.outputs) bytes += width(output.slot);
    for (const PlanTerm& term : stage.combine.terms) {
      if (term.slot >= 0) bytes += width(static_cast<size_t>(term.slot));
    }
  }
  return static_cast<uint32_t>(bytes);
}

Plan ProgramFile::plan(int64_t rows, int64_t elements, uint32_t classes, uint32_t middle_steps) const {
  Plan plan;
  plan.rows = rows, plan.elements = elements, plan.row_shape = {elements};
  plan.slots = slots_, plan.classes = classes, plan.programs = programs_, plan.results = {0};
  for (int64_t r = 0; r < rows; ++r) {
    plan.row_class.push_back(static_cast<uint32_t>(r % classes));
    plan.seeds.push_back(static_cast<uint64_t>(r) + 1);
  }
  const auto add = [&](const StoredEntry& entry, uint32_t draw) {
    plan.sequence.push_back(entry.program);
    for (uint32_t c = 0; c < classes; ++c) {
      plan.words.insert(plan.words.end(), entry.words.begin(), entry.words.end());
      for (const size_t at : entry.draws) plan.words[plan.words.size() - entry.words.size() + at] = draw;
    }
    for (const float time : entry.times) plan.times.insert(plan.times.end(), classes, time);
  };
  uint32_t draw = 0;
  for (const StoredEntry& entry : start_) add(entry, draw++);
  for (const StoredEntry& entry : before_) add(entry, draw++);
  for (uint32_t i = 0; i < middle_steps; ++i) add(middle_.front(), draw++);
  for (const StoredEntry& entry : after_) add(entry, draw++);
  plan.steps = static_cast<uint32_t>(plan.sequence.size() - start_.size());
  return plan;
}

}  // namespace ds
