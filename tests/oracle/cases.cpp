#include "tests/oracle/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>

#include "tensor/error.hpp"

namespace xtape::oracle {

const nlohmann::json& read(const std::string& file) {
  static std::map<std::string, nlohmann::json> files;
  if (!files.contains(file)) {
    const std::string path = XTAPE_SOURCE_DIR "/tests/oracle/" + file;
    std::ifstream in(path);
    require<DataError>(in.good(), "{}: cannot open", path);
    files[file] = nlohmann::json::parse(in);
  }
  return files.at(file);
}

Array<double> array_from(const nlohmann::json& numbers, const Shape& shape) {
  require<DataError>(numbers.size() == element_count(shape), "{} numbers for {}", numbers.size(),
                     shape);
  Array<double> array(shape);
  std::transform(numbers.begin(), numbers.end(), array.data(), [](const nlohmann::json& number) {
    return number.is_string() ? std::stod(number.get<std::string>()) : number.get<double>();
  });
  return array;
}

Array<double> array_from(const nlohmann::json& object) {
  const auto extents = object.at("shape").get<std::vector<std::size_t>>();
  return array_from(object.at("data"), Shape(extents.begin(), extents.end()));
}

std::string difference(const Array<double>& computed, const Array<double>& expected,
                       double tolerance, bool each) {
  if (!same_shape(computed.shape(), expected.shape())) {
    return fmt::format("expected shape {}, got {}", expected.shape(), computed.shape());
  }
  double greatest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double size = std::abs(expected.data()[i]);
    greatest = std::isfinite(size) ? std::max(greatest, size) : greatest;
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double got = computed.data()[i], wanted = expected.data()[i];
    const double allowed = tolerance * (each ? std::abs(wanted) : greatest);
    const double error = std::abs(got - wanted);
    const bool agree =
        got == wanted || (std::isnan(got) && std::isnan(wanted)) ||
        (std::isfinite(wanted) && error <= std::max(allowed, std::numeric_limits<double>::min()));
    if (!agree) {
      return fmt::format("element {}: expected {}, got {}, a relative error of {:.1e}", i, wanted,
                         got, error / std::abs(wanted));
    }
  }
  return "";
}

}  // namespace xtape::oracle
