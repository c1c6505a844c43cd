#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "nn/module.hpp"

namespace xtape::nn {

/// Finds NaN and infinity in a model. Returns "parameter '0.weight' is nan at element 7" for the
/// first parameter or buffer that has one, or nothing if all are finite.
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
