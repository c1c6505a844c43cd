#include "nn/train/history.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace xtape::nn {
namespace {

// Gradients are counted by powers of two: from 2^-40, about 1e-12, to 2^10, about 1000.
constexpr int smallest_power = -40;
constexpr int largest_power = 10;
constexpr std::size_t gradient_bins = largest_power - smallest_power;
constexpr std::size_t weight_bins = 48;

double root_mean_square(double squares, double count) {
  return count == 0 ? 0 : std::sqrt(squares / count);
}

/// Returns the bin of a number other than zero. Smaller numbers than those of the first bin go
/// there. Larger ones, infinity and NaN go into the last.
template <class T>
std::size_t bin_of_size(T gradient) {
  const int power = std::isfinite(gradient) ? std::ilogb(gradient) : largest_power;
  return static_cast<std::size_t>(std::clamp(power, smallest_power, largest_power - 1) -
                                  smallest_power);
}

template <class T>
Histogram histogram_of(const Array<T>& weights) {
  T limit = 0;
  for (const T weight : weights.storage()) {
    limit = std::isfinite(weight) ? std::max(limit, std::abs(weight)) : limit;
  }
  const auto bound = static_cast<double>(limit);
  Histogram histogram{-bound, bound, std::vector<std::uint64_t>(weight_bins)};
  if (limit == 0) {
    return histogram;
  }
  for (const T weight : weights.storage()) {
    if (std::isfinite(weight)) {
      const T share = (weight / limit + 1) / 2;  // no product that could overflow
      const auto bin = static_cast<std::size_t>(share * static_cast<T>(weight_bins));
      ++histogram.counts[std::min(bin, weight_bins - 1)];
    }
  }
  return histogram;
}

template <class T>
double squares_of(const Array<T>& array) {
  double squares = 0;
  for (const T each : array.storage()) {
    squares += static_cast<double>(each) * static_cast<double>(each);
  }
  return squares;
}

template <class Records>
std::vector<std::string> first_names(const History& history, Records EpochRecord::*records) {
  std::vector<std::string> names;
  std::set<std::string_view> known;
  for (const EpochRecord& epoch : history.epochs()) {
    for (const auto& each : epoch.*records) {
      if (known.insert(each.name).second) {
        names.push_back(each.name);
      }
    }
  }
  return names;
}

}  // namespace

double EpochRecord::metric(std::string_view name) const {
  for (const Metric& each : metrics) {
    if (each.name == name) {
      return each.score.value;
    }
  }
  return std::numeric_limits<double>::quiet_NaN();
}

const ParameterRecord* EpochRecord::parameter(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const ParameterRecord& each) { return each.name == name; });
  return found == parameters.end() ? nullptr : &*found;
}

std::vector<std::string> names_of(const History& history, Metrics EpochRecord::*records) {
  return first_names(history, records);
}

std::vector<std::string> names_of(const History& history,
                                  std::vector<ParameterRecord> EpochRecord::*records) {
  return first_names(history, records);
}

template <class T>
void detail::ObservedGradients::observe(const Array<T>& gradient) {
  sizes.low = smallest_power;
  sizes.high = largest_power;
  sizes.counts.resize(gradient_bins);
  for (const T each : gradient.storage()) {
    if (each == 0) {
      ++zeros;
    } else {
      ++sizes.counts[bin_of_size(each)];
    }
  }
  count += gradient.size();
  squares += squares_of(gradient);
}

template <class T>
// NOLINTNEXTLINE(performance-unnecessary-value-param): it is moved from
ParameterRecord detail::record_of(const Array<T>& weights, ObservedGradients seen) {
  const auto count = static_cast<double>(seen.count);
  return {.name = {},
          .weight_rms = root_mean_square(squares_of(weights), static_cast<double>(weights.size())),
          .gradient_rms = root_mean_square(seen.squares, count),
          .weights = histogram_of(weights),
          .gradients = std::move(seen.sizes),
          .zero_gradients = count == 0 ? 0 : static_cast<double>(seen.zeros) / count};
}

#define XTAPE_INSTANTIATE(T)                                         \
  template void detail::ObservedGradients::observe(const Array<T>&); \
  template ParameterRecord detail::record_of(const Array<T>&, ObservedGradients)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn
