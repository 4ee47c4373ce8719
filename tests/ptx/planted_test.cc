// Faults planted in the PTX are caught: by the comparison with the CPU, by the memory, or when the text is read.
#include <regex>

#include "combine_cases.h"

namespace ds::ptx {
namespace {

// How a plant is noticed, or empty.
std::string noticed(const PtxText& text, const std::vector<CombineCase>& cases) {
  try {
    PtxDevice device = make_device(text);
    for (const CombineCase& c : cases) {
      const auto work = combine_work(c);
      const std::string differs = difference(on_cpu(work), on_ptx(&device, work));
      if (!differs.empty()) return "differs: " + differs;
    }
  } catch (const PtxFault& fault) {
    return fault.what();
  }
  return "";
}

struct Plant {
  std::string what, pattern, replacement, noticed_as;
};

}  // namespace

void test_planted(const PtxText& text) {
  const std::vector<CombineCase> cases = {{1, 3, 32, 2, 1}, {2, 3, 29, 3, 2, 2}, {3, 3, 21, 4, 5, 1, 4}};
  check(noticed(text, cases).empty(), text.architecture + " without a plant: " + noticed(text, cases));
  const std::string registers = "(%\\w+), (%\\w+)";
  const Plant plants[] = {
      {"a swapped operand", "fma\\.rn\\.f32 \t(%\\w+), " + registers + ", (%\\w+);", "fma.rn.f32 \t$1, $2, $4, $3;",
       "differs"},
      {"another rounding", "fma\\.rn\\.f32 ", "fma.rz.f32 ", "'fma.rz.f32'"},
      {"a product that is not fused", "fma\\.rn\\.f32 \t(%\\w+), " + registers + ", (%\\w+);",
       "mul.rn.f32 \t$1, $2, $3;\n\tadd.rn.f32 \t$1, $1, $4;", "differs"},
      {"one row too many", "setp\\.ge\\.s64 \t(%\\w+), " + registers + ";|setp\\.le\\.s64 \t(%\\w+), (%\\w+), (%\\w+);",
       "setp.lt.s64 \t$1$4, $3$5, $2$6;", "of a buffer of"},
      {"a tile too far", "ld\\.global\\.v4\\.f32 \t(\\{[^}]*\\}), \\[(%\\w+)\\]", "ld.global.v4.f32 \t$1, [$2+16]",
       "of a buffer of"},
      {"a store of the wrong register", "st\\.global\\.v4\\.f32 \t?\\[(%\\w+)\\], \\{(%\\w+), (%\\w+)",
       "st.global.v4.f32 \t[$1], {$3, $2", "differs"},
      {"another multiplier in Philox", "-766435501;", "-766435500;", "differs"},
  };
  for (const Plant& plant : plants) {
    for (size_t file = 0; file < text.files.size(); ++file) {
      PtxText planted = text;
      std::string& content = planted.files[file].second;
      if (content.find("combine_kernel") == std::string::npos) continue;
      const std::string before = content;
      content = std::regex_replace(before, std::regex(plant.pattern), plant.replacement);
      const std::string as = noticed(planted, cases);
      check(content != before, text.architecture + ": there is no place for " + plant.what);
      check(as.find(plant.noticed_as) != std::string::npos,
            text.architecture + ": " + plant.what + " is noticed by '" + plant.noticed_as + "', not '" + as + "'");
    }
  }
}

}  // namespace ds::ptx
