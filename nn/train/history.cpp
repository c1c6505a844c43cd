#include "nn/train/history.hpp"

#include <algorithm>
#include <cmath>

#include "nn/module.hpp"

namespace xtape::nn {
namespace {

// Gradients are counted by powers of two: from 2^-40, about 1e-12, to 2^10, about 1000.
constexpr int smallest_power = -40;
constexpr int largest_power = 10;
constexpr std::size_t weight_bins = 48;

double root_mean_square(double squares, double count) {
  return count == 0 ? 0 : std::sqrt(squares / count);
}

/// The bin of a number other than zero; those off the scale go into the first or the last, and
/// NaN, which is off every scale, into the last.
std::size_t bin_of_size(float gradient) {
  const int power =
      std::isfinite(gradient) ? std::ilogb(gradient) : largest_power;  // std::ilogb(NaN) is no size
  return static_cast<std::size_t>(std::clamp(power, smallest_power, largest_power - 1) -
                                  smallest_power);
}

Histogram histogram_of(const Array<float>& weights) {
  float limit = 0;
  for (const float weight : weights.storage()) {
    limit = std::isfinite(weight) ? std::max(limit, std::abs(weight)) : limit;
  }
  Histogram histogram{-static_cast<double>(limit), static_cast<double>(limit),
                      std::vector<std::uint64_t>(weight_bins)};
  if (limit == 0) {
    return histogram;
  }
  const float bins_per_unit = static_cast<float>(weight_bins) / (2 * limit);
  for (const float weight : weights.storage()) {
    if (std::isfinite(weight)) {
      const auto bin = static_cast<std::size_t>((weight + limit) * bins_per_unit);
      ++histogram.counts[std::min(bin, weight_bins - 1)];
    }
  }
  return histogram;
}

double squares_of(const Array<float>& array) {
  double squares = 0;
  for (const float each : array.storage()) {
    squares += static_cast<double>(each) * static_cast<double>(each);
  }
  return squares;
}

}  // namespace

void History::observe(const Sequential<float>& network, const Tape<float>& tape) {
  std::size_t index = 0;
  for_each_parameter(network, [&](const ParameterName&, const Array<float>& parameter) {
    if (index == gradients_.size()) {
      gradients_.emplace_back();
    }
    Gradients& seen = gradients_[index++];
    seen.sizes.low = smallest_power;
    seen.sizes.high = largest_power;
    seen.sizes.counts.resize(largest_power - smallest_power);
    const Array<float>& gradient = tape.grad(parameter);
    for (const float each : gradient.storage()) {
      if (each == 0) {
        ++seen.zeros;
      } else {
        ++seen.sizes.counts[bin_of_size(each)];
      }
    }
    seen.count += gradient.size();
    seen.squares += squares_of(gradient);
  });
}

void History::end_epoch(EpochRecord record, const Sequential<float>& network) {
  std::size_t index = 0;
  gradients_.resize(std::max(gradients_.size(), parameter_names(network).size()));
  for_each_parameter(network, [&](const ParameterName& name, const Array<float>& weights) {
    Gradients& seen = gradients_[index++];
    const auto count = static_cast<double>(seen.count);
    record.parameters.push_back(
        {.name = name.str(),
         .weight_rms = root_mean_square(squares_of(weights), static_cast<double>(weights.size())),
         .gradient_rms = root_mean_square(seen.squares, count),
         .weights = histogram_of(weights),
         .gradients = std::move(seen.sizes),
         .zero_gradients = count == 0 ? 0 : static_cast<double>(seen.zeros) / count});
    seen = {};
  });
  epochs_.push_back(std::move(record));
}

}  // namespace xtape::nn
