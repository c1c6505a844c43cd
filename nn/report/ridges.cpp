#include "nn/report/ridges.hpp"

#include <algorithm>

#include "nn/report/text.hpp"

namespace xtape::nn::report {
namespace {

constexpr double row_width = 320, row_left = 34, row_right = 10;
constexpr double distance = 17;  // from one baseline to the next
constexpr double tallest = 46;
constexpr double below = 42;  // room for the axis

double bin_width(const Histogram& histogram) {
  return (histogram.high - histogram.low) / static_cast<double>(histogram.counts.size());
}

/// The share of the elements of each bin, for one unit of the horizontal axis.
std::vector<double> densities(const Histogram& histogram) {
  double total = 0;
  for (const auto count : histogram.counts) {
    total += static_cast<double>(count);
  }
  std::vector<double> result;
  for (const auto count : histogram.counts) {
    result.push_back(total == 0 ? 0 : static_cast<double>(count) / total / bin_width(histogram));
  }
  return result;
}

/// The outline of one histogram over its baseline.
std::string outline(const Histogram& histogram, double per_density, double baseline,
                    const Scale& x) {
  std::string path;
  add(path, "M{:.1f} {:.1f}", x.from, baseline);
  double at = histogram.low + bin_width(histogram) / 2;
  for (const double density : densities(histogram)) {
    if (at >= x.low && at <= x.high) {
      add(path, "L{:.1f} {:.1f}", x(at), baseline - per_density * density);
    }
    at += bin_width(histogram);
  }
  add(path, "L{:.1f} {:.1f}", x.to, baseline);
  return path;
}

}  // namespace

std::string draw(const Ridges& ridges) {
  double highest = 0;
  for (const Histogram* histogram : ridges.histograms) {
    for (const double density : densities(*histogram)) {
      highest = std::max(highest, density);
    }
  }
  const Scale x{ridges.low, ridges.high, row_left, row_width - row_right};
  const double bottom = tallest + distance * static_cast<double>(ridges.histograms.size());
  std::string html;
  add(html, R"(<figure class="card"><figcaption>{} <small>{}</small></figcaption>)",
      escaped(ridges.title), escaped(ridges.note));
  add(html, R"(<svg viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>)", row_width,
      bottom + below, escaped(ridges.title), escaped(ridges.description));
  for (const Tick& tick : ridges.ticks) {
    add(html, R"(<path class="grid" d="M{0:.1f} 8V{1:.1f}"/>)", x(tick.value), bottom);
    add(html, R"(<text class="tick middle" x="{:.1f}" y="{:.1f}">{}</text>)", x(tick.value),
        bottom + 16, tick.label);
  }
  for (std::size_t i = 0; i < ridges.histograms.size(); ++i) {
    const double baseline = tallest + distance * static_cast<double>(i + 1);
    const double per_density = highest == 0 ? 0 : tallest / highest;
    add(html, R"(<path class="ridge" d="{}"/>)",
        outline(*ridges.histograms[i], per_density, baseline, x));
    add(html, R"(<text class="tick end" x="{:.1f}" y="{:.1f}">{}</text>)", row_left - 7, baseline,
        ridges.epochs[i]);
  }
  add(html, R"(<text class="label" x="4" y="{:.1f}">epoch</text>)", bottom + 34);
  add(html, R"(<text class="label end" x="{:.1f}" y="{:.1f}">{}</text>)", row_width - row_right,
      bottom + 34, escaped(ridges.label));
  return html += "</svg></figure>\n";
}

std::vector<std::size_t> spread(std::size_t count, std::size_t most) {
  std::vector<std::size_t> chosen;
  const std::size_t take = std::min(count, most);
  for (std::size_t i = 0; i < take; ++i) {
    chosen.push_back(take == 1 ? count - 1 : i * (count - 1) / (take - 1));
  }
  return chosen;
}

}  // namespace xtape::nn::report
