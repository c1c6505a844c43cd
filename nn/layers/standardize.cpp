#include "nn/layers/standardize.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xtape::nn::detail {
namespace {

/// What an element of samples counts.
template <class E>
constexpr double unit = std::same_as<E, std::uint8_t> ? 1 / 255. : 1;

/// Adds f(element, group) to the sum of each element's group: its index along the last axis.
template <class F>
std::vector<double> sums(const Samples& samples, std::size_t groups, F f) {
  std::vector<double> result(groups);
  samples.visit([&]<class E>(std::span<const E> elements) {
    for (std::size_t first = 0; first < elements.size(); first += groups) {
      for (std::size_t group = 0; group < groups; ++group) {
        result[group] += f(unit<E> * static_cast<double>(elements[first + group]), group);
      }
    }
  });
  return result;
}

/// Returns for each group its element if all of them are equal, and nothing otherwise.
template <class E>
std::vector<std::optional<double>> only_elements(std::span<const E> elements, std::size_t groups) {
  std::vector<std::uint8_t> differ(groups, elements.empty() ? 1 : 0);
  for (std::size_t first = 0; first < elements.size(); first += groups) {
    for (std::size_t group = 0; group < groups; ++group) {
      if (elements[first + group] != elements[group]) {
        differ[group] = 1;
      }
    }
  }
  std::vector<std::optional<double>> result(groups);
  for (std::size_t group = 0; group < groups; ++group) {
    if (differ[group] == 0) {
      result[group] = unit<E> * static_cast<double>(elements[group]);
    }
  }
  return result;
}

}  // namespace

Moments measure_moments(const Samples& samples) {
  require<ValueError>(samples.size() > 0, "Standardize: there are no samples to measure");
  const bool by_last_axis = samples.shape().size() % 2 == 1;
  const std::size_t groups = by_last_axis ? samples.shape().back() : 1;
  const std::size_t group_size = samples.size() * samples.sample_size() / groups;
  const auto count = static_cast<double>(group_size);
  Moments moments;
  moments.mean = sums(samples, groups, [](double x, std::size_t) { return x; });
  const auto only = samples.visit([&](auto elements) { return only_elements(elements, groups); });
  for (std::size_t group = 0; group < groups; ++group) {
    // The sum of a feature that never changes may be rounded. Its deviation would not be 0.
    moments.mean[group] = only[group].value_or(moments.mean[group] / count);
  }
  moments.deviation = sums(samples, groups, [&](double x, std::size_t group) {
    return (x - moments.mean[group]) * (x - moments.mean[group]);
  });
  for (std::size_t group = 0; group < groups; ++group) {
    double& deviation = moments.deviation[group];
    deviation = std::sqrt(deviation / count);
    require<ValueError>(std::isfinite(deviation),
                        "Standardize: feature {} has the mean {} and the deviation {}", group,
                        moments.mean[group], deviation);
    deviation = deviation > 0 ? deviation : 1;
  }
  return moments;
}

}  // namespace xtape::nn::detail
