// Philox4x32-10: the counter-based generator that makes noise a pure function of where it is used.
//
// J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
#pragma once

#include <cstdint>

#include "lanes.h"

namespace ds {
namespace {

// Replaces the counter by its four random words. One key for all lanes.
template <class U>
DS_HD inline void philox4x32_10(U counter[4], uint32_t key0, uint32_t key1) {
  DS_UNROLL
  for (int round = 0; round < 10; ++round) {
    U high0, low0, high1, low1;
    mul_wide(counter[0], broadcast_word<U>(0xD2511F53u), &high0, &low0);
    mul_wide(counter[2], broadcast_word<U>(0xCD9E8D57u), &high1, &low1);
    counter[0] = (counter[1] ^ broadcast_word<U>(key0)) ^ high1;
    counter[1] = low1;
    counter[2] = (counter[3] ^ broadcast_word<U>(key1)) ^ high0;
    counter[3] = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

}  // namespace
}  // namespace ds
