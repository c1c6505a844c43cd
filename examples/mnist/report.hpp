#pragma once

#include <filesystem>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "examples/mnist/check_gradients.hpp"
#include "examples/mnist/data.hpp"
#include "examples/mnist/recipes.hpp"

namespace mnist {

/// The content of a report. The data, the network and the recipe must outlive it.
struct ReportData {
  const DataSource& source;
  const xtape::nn::Sequential<float>& network;
  const xtape::nn::History& history;
  std::vector<by_hand::GradientComparison> gradients;
  const Recipe& recipe;
  std::uint64_t seed;
};

/// Writes the report of a run, as nn::Report::write() does.
void write_report(const std::filesystem::path& folder, const ReportData& report);

}  // namespace mnist
