#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>

#include "nn/module.hpp"

namespace xtape::nn {

namespace detail {

/// Returns the index of the first element that is not finite, or nothing if all are.
template <class T>
std::optional<std::size_t> first_not_finite(const Array<T>& array) {
  const auto& elements = array.storage();
  const auto found = std::find_if(elements.begin(), elements.end(),
                                  [](T element) { return !std::isfinite(element); });
  return found == elements.end()
             ? std::nullopt
             : std::optional(static_cast<std::size_t>(found - elements.begin()));
}

}  // namespace detail

/// Finds NaN and infinity in a model. Returns "parameter '0.weight' is nan at element 7" for the
/// first parameter or buffer that has such an element. Returns nothing if all elements are finite.
template <class Model>
std::optional<std::string> find_not_finite(const Model& model) {
  std::optional<std::string> bad;
  for_each_array(model, [&](const ParameterName& name, const auto& array) {
    const auto found = detail::first_not_finite(array);
    if (!bad && found) {
      bad = fmt::format("{} '{}' is {} at element {}", name.is_buffer() ? "buffer" : "parameter",
                        name.str(), array.storage()[*found], *found);
    }
  });
  return bad;
}

}  // namespace xtape::nn
