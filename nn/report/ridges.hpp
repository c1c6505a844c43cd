#pragma once

#include <string>
#include <vector>

#include "nn/report/scale.hpp"
#include "nn/train/history.hpp"

namespace xtape::nn::report {

/// Histograms of one parameter, one per epoch, below each other.
struct Ridges {
  std::string title;                ///< The title of the chart.
  std::string description;          ///< A text for readers who do not see the chart.
  std::string note;                 ///< A line below the title. May be empty.
  std::string label;                ///< The label of the horizontal axis.
  double low = 0;                   ///< The lower end of the axis, in the histograms' unit.
  double high = 0;                  ///< The upper end of the axis.
  std::vector<Tick> ticks;          ///< The marks on the axis.
  std::vector<std::size_t> epochs;  ///< The numbers of the epochs.
  std::vector<const Histogram*> histograms;  ///< One per epoch.
};

/// Returns the histograms as a `<figure>` with an SVG. All have the same scale. The area of a
/// histogram is its number of elements.
std::string draw(const Ridges& ridges);

/// Returns at most `most` of the numbers 0 to count - 1. They are evenly spread and include the
/// first and the last.
std::vector<std::size_t> spread(std::size_t count, std::size_t most);

}  // namespace xtape::nn::report
