// Bits of one device held against those of another, or told as hashes.
#include "compare.h"

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "measurement.h"

namespace ds {
namespace {

std::vector<unsigned char> outcome_on(Device* device, const std::string& line) {
  Team team(1);
  return make_measurement({device, &team}, line)->outcome();
}

uint32_t word_at(const std::vector<unsigned char>& bytes, size_t at) {
  uint32_t word = 0;
  std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
  return word;
}

bool compare_line(Device* cpu, Device* device, const std::string& line) {
  const std::vector<unsigned char> expected = outcome_on(cpu, line), found = outcome_on(device, line);
  size_t different = 0, first = 0;
  for (size_t at = 0; at < std::min(expected.size(), found.size()); at += sizeof(uint32_t)) {
    if (word_at(expected, at) == word_at(found, at)) continue;
    if (different++ == 0) first = at;
  }
  const size_t words = (expected.size() + sizeof(uint32_t) - 1) / sizeof(uint32_t);
  const bool same = expected.size() == found.size() && different == 0 && words > 0;
  std::printf("%-9s %zu words  %s\n", same ? "same" : "DIFFERENT", words, line.c_str());
  if (different > 0) {
    std::printf("  %zu words differ, the first is number %zu: %08x on the CPU, %08x on %s\n", different,
                first / sizeof(uint32_t), word_at(expected, first), word_at(found, first), device->name().c_str());
  } else if (!same) {
    std::printf("  %zu bytes on the CPU, %zu on %s\n", expected.size(), found.size(), device->name().c_str());
  }
  std::fflush(stdout);
  return same;
}

}  // namespace

bool compare_devices(Device* cpu, Device* device, const std::vector<std::string>& lines) {
  size_t same = 0;
  for (const std::string& line : lines) same += compare_line(cpu, device, line) ? 1 : 0;
  std::printf("%zu of %zu lines have the same bits on the CPU and on %s\n", same, lines.size(), device->name().c_str());
  return same == lines.size();
}

void print_hashes(Device* device, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    // FNV-1a.
    uint64_t hash = 0xCBF29CE484222325u;
    for (const unsigned char byte : outcome_on(device, line)) hash = (hash ^ byte) * 0x100000001B3u;
    std::printf("%016" PRIx64 "  %s\n", hash, line.c_str());
    std::fflush(stdout);
  }
}

}  // namespace ds
