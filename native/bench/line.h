// What is to be measured, as a line of words: a kind, then key=value.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ds {

class Line {
 public:
  // Throws std::invalid_argument where `text` is no such line.
  explicit Line(const std::string& text);

  const std::string& kind() const { return kind_; }
  // The value of a key, once asked for. Numbers are whole, at least `least`.
  std::string word(const std::string& key, const std::string& fallback);
  int64_t number(const std::string& key, int64_t fallback, int64_t least);
  // Throws std::invalid_argument that names a key which nobody asked for.
  void finish() const;

 private:
  std::string kind_;
  std::map<std::string, std::string> given_;
};

}  // namespace ds
