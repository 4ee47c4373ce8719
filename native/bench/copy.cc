// The ceiling: a plain copy that moves as many bytes as the pass it is held against.
#include <utility>
#include <vector>

#include "line.h"
#include "measurement.h"
#include "numbers.h"

namespace ds {
namespace {

struct CopyShard {
  std::unique_ptr<Backend> backend;
  BufferPtr from, to;
};

class Copy final : public Measurement {
 public:
  Copy(const Bench& bench, int64_t moved) : team_(bench.team) {
    bytes = static_cast<double>(moved);
    for (int m = 0; m < team_->members(); ++m) {
      CopyShard shard;
      shard.backend = bench.device->make_backend();
      // Half is read, half is written.
      const auto floats = static_cast<size_t>(share_of(moved / 8, m, team_->members()).count);
      shard.from = normals_on(shard.backend.get(), floats);
      shard.to = normals_on(shard.backend.get(), floats);
      shards_.push_back(std::move(shard));
    }
  }

  double run(uint64_t repeats) override {
    return team_->run([&](int member) {
      CopyShard& shard = shards_[static_cast<size_t>(member)];
      for (uint64_t i = 0; i < repeats; ++i) {
        shard.backend->copy(shard.to->data(), shard.from->data(), shard.from->bytes());
      }
      shard.backend->finish();
    });
  }

 private:
  Team* team_;
  std::vector<CopyShard> shards_;
};

}  // namespace

MeasurementPtr make_copy(const Bench& bench, Line* line) {
  return std::make_unique<Copy>(bench, line->number("bytes", 1 << 20, 8));
}

}  // namespace ds
