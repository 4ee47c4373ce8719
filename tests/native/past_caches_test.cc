// Which outputs are written past the caches: of large passes, not over what they read, and in float32.
#include "../../native/cpu/past_caches.h"

#include <memory>

#include "../../native/cpu/cpu_backend.h"
#include "engine_test.h"

namespace ds {
namespace {

constexpr size_t kCache = 1 << 20;
float first, second, third, fourth;  // stand for buffers, by their addresses

// Reads two buffers and noise and writes one: 12 bytes of each element. In all it is twice the cache, rounded up.
CombineArgs large_pass() {
  CombineArgs args{};
  args.rows = 2, args.elements = (kCache + 11) / 12;
  args.term_count = 3, args.output_count = 1;
  args.terms[0].base = &first, args.terms[1].base = &second;
  args.outputs[0].base = &third;
  return args;
}

CombinePart seen{};
void spy(const CombineArgs&, const CombinePart& part) { seen = part; }

}  // namespace

void test_past_caches() {
  const auto outputs = [](const CombineArgs& args) { return outputs_past_caches(args, kCache); };
  check(outputs(large_pass()) == 1, "an output apart from what is read goes past the caches");
  CombineArgs args = large_pass();
  --args.elements;
  check(outputs(args) == 0, "none of a pass that comes to less than twice the cache");
  args = large_pass(), args.terms[1].dtype = Dtype::kFloat16;
  check(outputs(args) == 0, "halves that are read are half as many bytes");
  args.terms[2].base = &fourth, args.terms[2].dtype = Dtype::kBfloat16;
  check(outputs(args) == 1, "what is read in the place of noise counts");

  args = large_pass(), args.outputs[0].base = &second;
  check(outputs(args) == 0, "none that is written over what was read");
  args = large_pass(), args.elements *= 2, args.outputs[0].dtype = Dtype::kFloat16;
  check(outputs(args) == 0, "none of halves");

  args = large_pass(), args.output_count = 2, args.outputs[1].base = &fourth;
  check(outputs(args) == 3, "two outputs apart");
  args.outputs[0].base = &first;
  check(outputs(args) == 2, "of two outputs the one that is not in place");
  args.elements = args.elements * 3 / 4 + 1;
  check(outputs(args) == 2, "every output counts");

  // Of the machine's own caches, which hold 256 KiB and do not hold 12 TiB. The spy touches no memory.
  const LaneTable lanes{"spy", spy, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
  const auto backend = make_cpu_backend(lanes, std::make_shared<HostMemory>());
  args = large_pass(), args.rows = 1, args.elements = int64_t{1} << 40;
  backend->combine(args);
  check(seen.past_caches == 1 && seen.elements == args.elements, "the lanes are told of a large pass");
  args.elements = (256 << 10) / 12;
  backend->combine(args);
  check(seen.past_caches == 0 && seen.elements == args.elements, "the lanes are told of a small pass");
}

}  // namespace ds
