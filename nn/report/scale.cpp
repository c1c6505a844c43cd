#include "nn/report/scale.hpp"

#include <algorithm>
#include <cmath>

#include "nn/report/text.hpp"

namespace xtape::nn::report {
namespace {

/// The smallest of 1, 2, 5, 10, 20, ... times a power of ten that is at least `step`.
double round_step(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) {
      return factor * power;
    }
  }
  return 10 * power;
}

}  // namespace

double Scale::operator()(double number) const {
  const auto place = [&](double x) { return logarithmic ? std::log10(x) : x; };
  const double width = place(high) - place(low);
  const double share =
      width == 0 ? 0.5 : (place(std::clamp(number, low, high)) - place(low)) / width;
  return from + share * (to - from);
}

std::vector<Tick> linear_ticks(double low, double high, int count, const std::string& unit) {
  std::vector<Tick> ticks;
  if (!(high > low)) {
    return {{low, fmt::format("{:g}{}", low, unit)}};
  }
  const double step = round_step((high - low) / count);
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  const double last = std::floor(high / step + 1e-9);
  for (double i = std::ceil(low / step - 1e-9); i <= last; ++i) {
    ticks.push_back({i * step, fmt::format("{:.{}f}{}", i * step + 0.0, decimals, unit)});
  }
  return ticks;
}

std::vector<Tick> power_ticks(double low, double high, int count) {
  std::vector<Tick> ticks;
  const int first = static_cast<int>(std::ceil(std::log10(low) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(high) + 1e-9));
  const int stride = std::max(1, (last - first + count) / count);
  for (int power = first; power <= last; power += stride) {
    ticks.push_back({std::pow(10, power), power_of_ten(power)});
  }
  return ticks;
}

}  // namespace xtape::nn::report
