// Tests of the engine without Node: runs all of them.
#include "engine_test.h"

#include <cstdio>

namespace ds {
namespace {

int failures = 0;

}  // namespace

void check(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::printf("FAILED: %s\n", what.c_str());
}

}  // namespace ds

int main() {
  ds::test_lanes();
  ds::test_float64();
  ds::test_halves();
  ds::test_combine();
  ds::test_unread_terms();
  ds::test_status();
  ds::test_half_overflow();
  ds::test_shared_combine();
  ds::test_shared_status();
  ds::test_smallest_status();
  ds::test_sit_mixture();
  ds::test_edm_mixture();
  ds::test_mixture_classes();
  ds::test_shared_mixture();
  ds::test_mixture_refusals();
  ds::test_step_loop();
  ds::test_half_networks();
  ds::test_second_time();
  ds::test_interrupt();
  ds::test_given_starts();
  ds::test_kept_starts();
  ds::test_preview();
  ds::test_check_plan();
  ds::test_pacing();
  ds::test_stop();
  ds::test_pass_parts();
  ds::test_crew();
  ds::test_crew_turns();
  ds::test_crew_stop();
  ds::test_shared_float_mode();
  ds::test_past_caches();
  ds::test_memory();
  ds::test_kept_memory();
  ds::test_resting_memory();
  ds::test_closed_device();
  ds::test_cuda_problems();
  ds::test_allocation_sweep();
  if (ds::failures > 0) {
    std::printf("%d checks failed\n", ds::failures);
    return 1;
  }
  std::printf("all engine tests passed\n");
  return 0;
}
