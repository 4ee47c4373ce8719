// Reads a line of words.
#include "line.h"

#include <sstream>
#include <stdexcept>

namespace ds {

Line::Line(const std::string& text) {
  std::istringstream words(text);
  words >> kind_;
  if (kind_.empty()) throw std::invalid_argument("expected a kind of measurement but received an empty line");
  for (std::string each; words >> each;) {
    const size_t at = each.find('=');
    if (at == std::string::npos || at == 0 || !given_.emplace(each.substr(0, at), each.substr(at + 1)).second) {
      throw std::invalid_argument("expected each key=value once but received '" + each + "'");
    }
  }
}

std::string Line::word(const std::string& key, const std::string& fallback) {
  const auto found = given_.find(key);
  if (found == given_.end()) return fallback;
  std::string value = found->second;
  given_.erase(found);
  return value;
}

int64_t Line::number(const std::string& key, int64_t fallback, int64_t least) {
  const std::string value = word(key, std::to_string(fallback));
  size_t read = 0;
  int64_t number = 0;
  try {
    number = std::stoll(value, &read);
  } catch (const std::exception&) {
    read = 0;
  }
  if (read == 0 || read != value.size() || number < least) {
    throw std::invalid_argument("expected an integer of at least " + std::to_string(least) + " for " + key +
                                " but received '" + value + "'");
  }
  return number;
}

void Line::finish() const {
  if (!given_.empty()) throw std::invalid_argument(kind_ + " has no key '" + given_.begin()->first + "'");
}

}  // namespace ds
