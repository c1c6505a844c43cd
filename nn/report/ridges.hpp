#pragma once

#include <string>
#include <vector>

#include "nn/report/scale.hpp"
#include "nn/train/history.hpp"

namespace xtape::nn::report {

/// Histograms of one parameter, epoch after epoch, one below the other.
struct Ridges {
  std::string title;
  std::string description;  ///< For those who do not see the chart.
  std::string note;         ///< A line below the title; may be empty.
  std::string label;        ///< Of the horizontal axis.
  double low = 0;           ///< The ends of the horizontal axis, in the histograms' unit.
  double high = 0;
  std::vector<Tick> ticks;
  std::vector<std::size_t> epochs;
  std::vector<const Histogram*> histograms;
};

/// The histograms as a <figure> with an SVG. All are drawn to one scale, in which the area of each
/// is the number of its elements.
std::string draw(const Ridges& ridges);

/// Of the numbers 0 to count - 1, at most `most`, evenly spread, with the first and the last.
std::vector<std::size_t> spread(std::size_t count, std::size_t most);

}  // namespace xtape::nn::report
