// Stored step programs through the step loop: what a step costs, its network aside.
#include <stdexcept>
#include <utility>
#include <vector>

#include "../../cuda/step_loop.h"
#include "line.h"
#include "measurement.h"
#include "networks.h"
#include "numbers.h"
#include "program_file.h"
#include "turn.h"

namespace ds {
namespace {

struct ReplayShape {
  int64_t rows, elements;
  uint32_t classes;
  bool graph;
};

class Replay final : public Measurement {
 public:
  Replay(const Bench& bench, ProgramFile program, const ReplayShape& shape, std::unique_ptr<NetworkMaker> network)
      : bench_(bench), program_(std::move(program)), shape_(shape), network_(std::move(network)) {
    elements = static_cast<double>(shape.rows * shape.elements);
    bytes = elements * program_.bytes_per_element();
  }

  // One repeat is one step; what stands before and after the repeated ones is not timed.
  double run(uint64_t repeats) override {
    const auto steps = static_cast<uint32_t>(repeats);
    // More repeatable steps are taken before the clock starts: there each network fills its memory, and a graph is
    // made.
    StepLoop loop(bench_.device->make_backend(), plan_for(steps + warm_steps()), evaluators());
    const uint32_t before = program_.steps_before() + warm_steps();
    const auto take = [&](uint32_t until) {
      return measure_turn(*bench_.device->executor(), [&, until] {
        while (loop.steps_done() < until) loop.advance();
        loop.backend().finish();
      });
    };
    take(before);
    return take(before + steps);
  }

  // A whole run, from its noise to its results.
  std::vector<unsigned char> outcome() override {
    StepLoop loop(bench_.device->make_backend(), plan_for(kSteps), evaluators());
    while (loop.advance() != Advance::kDone) continue;
    NonFinite place{};
    if (loop.non_finite(&place)) throw std::runtime_error("the run made a number that is not finite");
    std::vector<unsigned char> bytes;
    for (const BufferPtr& result : loop.take_results()) append_bytes(&loop.backend(), result.get(), &bytes);
    return bytes;
  }

 private:
  static constexpr uint32_t kSteps = 5;  // of those that repeat, in a run that is compared

  uint32_t warm_steps() const { return shape_.graph ? 3 : 1; }

  Plan plan_for(uint32_t middle_steps) const {
    Plan plan = program_.plan(shape_.rows, shape_.elements, shape_.classes, middle_steps);
    plan.graph = shape_.graph;
    return plan;
  }

  std::vector<std::unique_ptr<Evaluator>> evaluators() {
    std::vector<std::unique_ptr<Evaluator>> evaluators;
    for (uint32_t e = 0; e < program_.evaluators(); ++e) {
      evaluators.push_back(network_->make(shape_.rows, shape_.elements, program_.takes_second_time(e)));
    }
    return evaluators;
  }

  Bench bench_;
  ProgramFile program_;
  ReplayShape shape_;
  std::unique_ptr<NetworkMaker> network_;
};

// One network alone, called as the step loop calls it.
class NetworkAlone final : public Measurement {
 public:
  NetworkAlone(const Bench& bench, const ReplayShape& shape, NetworkMaker* network)
      : executor_(bench.device->executor()),
        backend_(bench.device->make_backend()),
        evaluator_(network->make(shape.rows, shape.elements, false)) {
    const auto count = static_cast<size_t>(shape.rows * shape.elements);
    const std::vector<float> input(count, 0.5f);
    host_times_.assign(static_cast<size_t>(shape.rows), 0.5f);
    input_ = backend_->allocate(count * sizeof(float));
    output_ = backend_->allocate(count * sizeof(float));
    times_ = backend_->allocate(host_times_.size() * sizeof(float));
    backend_->upload(input_->data(), input.data(), count * sizeof(float));
    backend_->upload(times_->data(), host_times_.data(), times_->bytes());
    call_.backend = backend_.get();
    call_.rows = shape.rows, call_.elements = shape.elements;
    call_.input = input_->data();
    call_.output = output_->data();
    call_.times = static_cast<const float*>(times_->data());
    call_.host_times = host_times_.data();
    elements = static_cast<double>(count);
  }

  double run(uint64_t repeats) override {
    return measure_turn(*executor_, [&] {
      for (uint64_t i = 0; i < repeats; ++i) evaluator_->evaluate(call_);
      backend_->finish();
    });
  }

 private:
  std::shared_ptr<Executor> executor_;
  std::unique_ptr<Backend> backend_;
  BufferPtr input_, output_, times_;
  std::unique_ptr<Evaluator> evaluator_;
  std::vector<float> host_times_;
  NetworkCall call_{};
};

ReplayShape read_shape(Line* line) {
  const int64_t rows = line->number("rows", 1, 1), elements = line->number("elements", 1 << 14, 1);
  const std::string graph = line->word("graph", "off");
  if (graph != "on" && graph != "off") throw std::invalid_argument("expected on or off for graph");
  return {rows, elements, static_cast<uint32_t>(line->number("classes", 1, 1)), graph == "on"};
}

}  // namespace

MeasurementPtr make_replay(const Bench& bench, Line* line) {
  const ReplayShape shape = read_shape(line);
  auto network = read_network(line);
  return std::make_unique<Replay>(bench, ProgramFile(line->word("program", "")), shape, std::move(network));
}

MeasurementPtr make_network(const Bench& bench, Line* line) {
  const ReplayShape shape = read_shape(line);
  return std::make_unique<NetworkAlone>(bench, shape, read_network(line).get());
}

}  // namespace ds
