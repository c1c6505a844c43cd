#include "nn/layers/standardize.hpp"

#include <cmath>

namespace xtape::nn::detail {
namespace {

/// Adds f(element, group) to the sum of each element's group: its index along the last axis.
template <class F>
std::vector<double> sums(const Samples& samples, std::size_t groups, F f) {
  std::vector<double> result(groups);
  samples.visit([&]<class E>(std::span<const E> elements) {
    constexpr double unit = std::same_as<E, std::uint8_t> ? 1 / 255. : 1;
    for (std::size_t first = 0; first < elements.size(); first += groups) {
      for (std::size_t group = 0; group < groups; ++group) {
        result[group] += f(unit * static_cast<double>(elements[first + group]), group);
      }
    }
  });
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
  for (double& mean : moments.mean) {
    mean /= count;
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
