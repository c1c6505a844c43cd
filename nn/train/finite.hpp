#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "nn/module.hpp"

namespace xtape::nn {

/// Returns "parameter '0.weight' is nan at element 7" for the first parameter or buffer of `model`
/// that has NaN or infinity, or nothing if all are finite. A model that training has spoilt is not
/// worth keeping.
template <class Model>
std::optional<std::string> find_not_finite(const Model& model) {
  std::optional<std::string> bad;
  for_each_array(model, [&](const ParameterName& name, const auto& array) {
    const auto& elements = array.storage();
    const auto found = std::find_if(elements.begin(), elements.end(),
                                    [](auto element) { return !std::isfinite(element); });
    if (!bad && found != elements.end()) {
      bad = fmt::format("{} '{}' is {} at element {}", name.is_buffer() ? "buffer" : "parameter",
                        name.str(), *found, found - elements.begin());
    }
  });
  return bad;
}

}  // namespace xtape::nn
