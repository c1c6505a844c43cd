#pragma once

#include <string>
#include <vector>

namespace xtape::nn::report {

/// A line of a chart: one number per epoch. Numbers that are not finite are left out.
struct Series {
  std::string name;            ///< The name in the legend.
  std::vector<double> values;  ///< One number per epoch.
};

/// A chart of lines over epochs.
struct Curves {
  std::string title;                ///< The title of the chart.
  std::string description;          ///< A text for readers who do not see the chart.
  std::string note;                 ///< A line below the title. May be empty.
  std::string unit;                 ///< The unit of the vertical axis, such as " %".
  std::vector<std::size_t> epochs;  ///< The numbers of the epochs.
  std::vector<Series> series;       ///< The lines of the chart.
  bool logarithmic = false;         ///< True for a logarithmic axis, without numbers <= 0.
};

/// Returns a chart of lines over epochs, a `<figure>` with an SVG. It has a legend if there is more
/// than one line.
std::string draw(const Curves& curves);

}  // namespace xtape::nn::report
