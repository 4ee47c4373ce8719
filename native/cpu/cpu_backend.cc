// Large passes are cut into parts, which any thread of the device may do; the bits are those of a single thread.
#include "cpu_backend.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "float_mode.h"
#include "pass_parts.h"
#include "past_caches.h"

namespace ds {
namespace {

// What a pass comes to, in elements read or written, from which on it is worth cutting, and of each part then. Of
// memory in its caches one thread does the first number in some 20 us, which is what it takes to wake another.
constexpr int64_t kSharedWork = int64_t{1} << 19;
constexpr int64_t kPartWork = int64_t{1} << 18;
// What making a normal takes as long as.
constexpr int64_t kNoiseWork = 32;
// Fewer are never worth it.
constexpr int64_t kLeastElements = kSharedWork / (kMaxTerms * kNoiseWork + kMaxOutputs);

int64_t element_work(const CombineArgs& args) {
  int64_t work = args.output_count;
  for (int j = 0; j < args.term_count; ++j) work += args.terms[j].base ? 1 : kNoiseWork;
  return work;
}

// Bytes of the last cache.
size_t cache_bytes() {
#ifdef _SC_LEVEL3_CACHE_SIZE
  const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  if (bytes > 0) return static_cast<size_t>(bytes);
#endif
  return size_t{32} << 20;
}

class CpuBackend final : public Backend {
 public:
  CpuBackend(const LaneTable& lanes, std::shared_ptr<HostMemory> memory, std::shared_ptr<Crew> crew)
      : lanes_(lanes), memory_(std::move(memory)), crew_(std::move(crew)) {}

  BufferPtr allocate(size_t bytes) override { return memory_->allocate(bytes); }
  void upload(void* to, const void* from, size_t bytes) override { copy(to, from, bytes); }
  void download(void* to, const void* from, size_t bytes) override { copy(to, from, bytes); }
  void copy(void* to, const void* from, size_t bytes) override {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void combine(const CombineArgs& args) override {
    const int64_t elements = args.rows * args.elements;
    const int64_t work = elements < kLeastElements ? 0 : element_work(args);
    static const size_t kCacheBytes = cache_bytes();
    const uint32_t past_caches = elements < kLeastElements ? 0 : outputs_past_caches(args, kCacheBytes);
    const auto combine_part = [&](CombinePart part) {
      part.past_caches = past_caches;
      lanes_.combine(args, part);
    };
    if (crew_ == nullptr || elements * work < kSharedWork) {
      const FloatMode mode;
      return combine_part(whole_pass(args));
    }
    const PassParts parts(args.rows, args.elements, kPartWork / work);
    share(parts.count(), [&](int64_t part) { combine_part(parts[part]); });
  }
  void mixture(const MixtureArgs& args) override {
    // Each component is read twice, and so are its partial sums.
    const int64_t row_work = 2 * args.components * (args.elements + kMixturePartials);
    if (crew_ == nullptr || args.rows == 1 || args.rows * row_work < kSharedWork) {
      const FloatMode mode;
      lanes_.mixture(args, 0, args.rows);
      return;
    }
    // A row stays whole: its sums are added in order.
    const int64_t group = std::max<int64_t>(1, kPartWork / row_work);
    share((args.rows + group - 1) / group,
          [&](int64_t part) { lanes_.mixture(args, part * group, std::min(group, args.rows - part * group)); });
  }
  void step_done() override {}
  bool ready(uint32_t) override { return true; }
  void finish() override {}
  bool host_memory() const noexcept override { return true; }

 private:
  template <class Do>
  void share(int64_t parts, const Do& part) {
    crew_->share(
        parts,
        [](const void* context, int64_t index) noexcept {
          // Of whichever thread it is.
          const FloatMode mode;
          (*static_cast<const Do*>(context))(index);
        },
        &part);
  }

  const LaneTable& lanes_;
  std::shared_ptr<HostMemory> memory_;
  std::shared_ptr<Crew> crew_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const LaneTable& lanes, std::shared_ptr<HostMemory> memory,
                                          std::shared_ptr<Crew> crew) {
  return std::make_unique<CpuBackend>(lanes, std::move(memory), std::move(crew));
}

}  // namespace ds
