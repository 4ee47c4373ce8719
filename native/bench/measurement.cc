// The kinds of measurement by name.
#include "measurement.h"

#include <map>
#include <stdexcept>

#include "line.h"

namespace ds {

std::vector<unsigned char> Measurement::outcome() {
  throw std::invalid_argument("expected a line that makes something: combine or replay");
}

MeasurementPtr make_measurement(const Bench& bench, const std::string& text) {
  static const std::map<std::string, MeasurementPtr (*)(const Bench&, Line*)> kinds = {
      {"copy", make_copy}, {"combine", make_combine}, {"replay", make_replay}, {"network", make_network}};
  Line line(text);
  const auto kind = kinds.find(line.kind());
  if (kind == kinds.end()) {
    std::string known;
    for (const auto& each : kinds) known += (known.empty() ? "" : ", ") + each.first;
    throw std::invalid_argument("expected one of " + known + " but received '" + line.kind() + "'");
  }
  MeasurementPtr measurement = kind->second(bench, &line);
  line.finish();
  return measurement;
}

}  // namespace ds
