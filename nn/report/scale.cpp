#include "nn/report/scale.hpp"

#include <algorithm>
#include <cmath>

#include "nn/report/text.hpp"

namespace xtape::nn::report {
namespace {

constexpr std::size_t widest_label = 7;  // characters that fit beside an axis

/// Returns the smallest number of at least `step` that is 1, 2 or 5 times a power of ten.
double round_step(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) {
      return factor * power;
    }
  }
  return 10 * power;
}

/// Returns a number with few characters: 8.2e8 for 8.2e+08.
std::string compact(double number, int digits) {
  std::string text = fmt::format("{:.{}g}", number, digits);
  if (const std::size_t e = text.find('e'); e != std::string::npos) {
    text.erase(e + 2, text[e + 2] == '0' ? 1 : 0);
    text.erase(e + 1, text[e + 1] == '+' ? 1 : 0);
  }
  return text;
}

}  // namespace

double Scale::operator()(double number) const {
  const auto place = [&](double x) { return logarithmic ? std::log10(x) : x; };
  const auto from_low = [&](double x) { return place(x) / 2 - place(low) / 2; };  // no overflow
  const double width = from_low(high);
  const double share = width == 0 ? 0.5 : from_low(std::clamp(number, low, high)) / width;
  return from + share * (to - from);
}

std::vector<Tick> linear_ticks(double low, double high, int count, const std::string& unit) {
  std::vector<Tick> ticks;
  const double step = high > low ? round_step(high / count - low / count) : 0;
  if (step == 0) {  // or too small for a number
    return {{low, compact(low, 6) + unit}};
  }
  const auto digits_of = [](double x) {
    return static_cast<int>(std::floor(std::log10(x) + 1e-9));
  };
  const int decimals = std::max(0, -digits_of(step));
  const int significant = 1 + digits_of(std::max(std::abs(low), std::abs(high))) - digits_of(step);
  const double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
  constexpr double huge = 1e15;
  bool plain = step < huge;
  for (int i = 0; i <= last - first; ++i) {  // first + 1 may be first
    const double value = (first + i) * step + 0.0;
    ticks.push_back({value, plain ? fmt::format("{:.{}f}", value, decimals) : ""});
    plain = plain && ticks.back().label.size() <= widest_label;
  }
  for (Tick& tick : ticks) {
    tick.label = (plain ? tick.label : compact(tick.value, std::max(1, significant))) + unit;
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
