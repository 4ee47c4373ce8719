// The status word of a run: its first non-finite value, packed so that the smallest word is the earliest value.
#pragma once

#include <stdint.h>

#if defined(__CUDACC__)
#define DS_STATUS_FUNCTION __host__ __device__ static inline
#else
#define DS_STATUS_FUNCTION static inline
#endif

namespace ds {

// No non-finite value so far.
constexpr unsigned long long kStatusClean = ~0ull;

// Limits of the fields; check_plan keeps plans within the first three, rows beyond the last are reported as the last.
constexpr uint32_t kStatusMaxEntries = (1u << 24) - 1;
constexpr uint32_t kStatusMaxPasses = 1u << 8;
constexpr uint32_t kStatusMaxEvaluators = (1u << 8) - 2;
constexpr int64_t kStatusLastRow = (1 << 24) - 2;

// Where no evaluator is to blame: the update itself overflowed, or what it started from was not finite.
constexpr int32_t kNoEvaluator = -1;
constexpr int32_t kGivenState = -2;

// From the highest bit: entry (24), pass (8), evaluator + 2 (8), row (24).
DS_STATUS_FUNCTION unsigned long long pack_status(uint32_t entry, uint32_t pass, int32_t evaluator, int64_t row) {
  const int64_t kept_row = row < kStatusLastRow ? row : kStatusLastRow;
  return (static_cast<unsigned long long>(entry) << 40) | (static_cast<unsigned long long>(pass & 0xffu) << 32) |
         (static_cast<unsigned long long>(static_cast<uint32_t>(evaluator + 2) & 0xffu) << 24) |
         static_cast<unsigned long long>(kept_row);
}

DS_STATUS_FUNCTION uint32_t status_entry(unsigned long long status) { return static_cast<uint32_t>(status >> 40); }
DS_STATUS_FUNCTION int32_t status_evaluator(unsigned long long status) {
  return static_cast<int32_t>((status >> 24) & 0xffu) - 2;
}
DS_STATUS_FUNCTION int64_t status_row(unsigned long long status) { return static_cast<int64_t>(status & 0xffffffu); }

}  // namespace ds

#undef DS_STATUS_FUNCTION
