#pragma once

#include <string>
#include <vector>

namespace xtape::nn::report {

/// A line of a chart: one number for each epoch; those that are not finite are left out.
struct Series {
  std::string name;
  std::vector<double> values;
};

struct Curves {
  std::string title;
  std::string description;  ///< For those who do not see the chart.
  std::string note;         ///< A line below the title; may be empty.
  std::string unit;         ///< Follows the numbers of the vertical axis, as in " %".
  std::vector<std::size_t> epochs;
  std::vector<Series> series;
  bool logarithmic = false;  ///< Numbers of 0 and below are left out then.
};

/// A chart of lines over epochs as a <figure> with an SVG and, for more than one line, a legend.
std::string draw(const Curves& curves);

}  // namespace xtape::nn::report
