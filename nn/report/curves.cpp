#include "nn/report/curves.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "nn/report/scale.hpp"
#include "nn/report/text.hpp"

namespace xtape::nn::report {
namespace {

constexpr double width = 400, height = 250;
constexpr double left = 52, right = 14, top = 12, bottom = 40;
constexpr std::size_t colours = 6;  // .s0 to .s5 of the style sheet

bool drawable(const Curves& curves, double value) {
  return std::isfinite(value) && (!curves.logarithmic || value > 0);
}

/// Returns the range of all numbers. The lower end is above the upper one if there are none.
std::pair<double, double> range_of(const Curves& curves) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const Series& series : curves.series) {
    for (const double value : series.values) {
      if (drawable(curves, value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
    }
  }
  return {low, high};
}

Scale vertical_scale(const Curves& curves, double low, double high) {
  if (curves.logarithmic) {
    low = std::pow(10, std::floor(std::log10(low)));
    high = std::pow(10, std::ceil(std::log10(std::max(high, 1.01 * low))));
  } else {
    const double size = std::max(std::abs(low), std::abs(high));
    const bool flat = high - low <= 1e-9 * size;  // rounding errors fill no chart
    const double margin = flat ? (size > 0 ? size : 1) / 10 : 0.08 * (high - low);
    low = low >= 0 ? std::max(0.0, low - margin) : low - margin;
    high += margin;
  }
  return {low, high, height - bottom, top, curves.logarithmic};
}

void add_axes(std::string& svg, const Curves& curves, const Scale& x, const Scale& y) {
  const auto ticks = curves.logarithmic ? power_ticks(y.low, y.high, 6)
                                        : linear_ticks(y.low, y.high, 6, curves.unit);
  for (const Tick& tick : ticks) {
    add(svg, R"(<path class="grid" d="M{:.1f} {:.1f}H{:.1f}"/>)", left, y(tick.value),
        width - right);
    add(svg, R"(<text class="tick end" x="{:.1f}" y="{:.1f}">{}</text>)", left - 7,
        y(tick.value) + 4, tick.label);
  }
  for (const Tick& tick : linear_ticks(x.low, x.high, 8)) {
    if (tick.value == std::floor(tick.value)) {
      add(svg, R"(<text class="tick middle" x="{:.1f}" y="{:.1f}">{}</text>)", x(tick.value),
          height - bottom + 17, fmt::format("{:.0f}", tick.value));
    }
  }
  add(svg, R"(<path class="axis" d="M{:.1f} {:.1f}H{:.1f}"/>)", left, height - bottom,
      width - right);
  add(svg, R"(<text class="label end" x="{:.1f}" y="{:.1f}">epoch</text>)", width - right,
      height - 6);
}

void add_line(std::string& svg, const Curves& curves, std::size_t index, const Scale& x,
              const Scale& y) {
  const std::vector<double>& values = curves.series[index].values;
  std::string path;
  double end_x = 0, end_y = 0;
  bool pen_down = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool draws = drawable(curves, values[i]);
    if (draws) {
      end_x = x(static_cast<double>(curves.epochs[i]));
      end_y = y(values[i]);
      add(path, "{}{:.1f} {:.1f}", pen_down ? 'L' : 'M', end_x, end_y);
    }
    pen_down = draws;
  }
  if (path.empty()) {
    return;
  }
  add(svg, R"(<g class="s{}"><path class="line" d="{}"/>)", index % colours, path);
  add(svg, R"(<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="3.5"/>)", end_x, end_y);
  svg += "</g>";
}

void add_legend(std::string& html, const Curves& curves) {
  html += "<ul class=\"legend\">";
  for (std::size_t i = 0; i < curves.series.size(); ++i) {
    add(html, R"(<li class="s{}">{}</li>)", i % colours, escaped(curves.series[i].name));
  }
  html += "</ul>";
}

}  // namespace

std::string draw(const Curves& curves) {
  const double first = curves.epochs.empty() ? 0 : static_cast<double>(curves.epochs.front());
  const double last = curves.epochs.empty() ? 1 : static_cast<double>(curves.epochs.back());
  const Scale x{first, last, left + 8, width - right - 8};
  const auto [low, high] = range_of(curves);

  std::string html;
  add(html, R"(<figure class="card"><figcaption>{} <small>{}</small></figcaption>)",
      escaped(curves.title), escaped(curves.note));
  if (curves.series.size() > 1) {
    add_legend(html, curves);
  }
  add(html, R"(<svg viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>)", width,
      height, escaped(curves.title), escaped(curves.description));
  if (low > high) {
    add(html, R"(<text class="label middle" x="{}" y="{}">no numbers</text>)", width / 2,
        height / 2);
    return html += "</svg></figure>\n";
  }
  const Scale y = vertical_scale(curves, low, high);
  add_axes(html, curves, x, y);
  for (std::size_t i = 0; i < curves.series.size(); ++i) {
    add_line(html, curves, i, x, y);
  }
  return html += "</svg></figure>\n";
}

}  // namespace xtape::nn::report
