#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>
#include <xtape.hpp>

#include "examples/mnist/gradient_check.hpp"

namespace mnist {

/// Lines of a table: a name and its value.
using Facts = std::vector<std::pair<std::string, std::string>>;

/// What a report tells. It refers to the data and the network, which must outlive it.
struct ReportData {
  std::string title;  ///< Of the dataset, as in "MNIST".
  std::vector<std::string> class_names;
  const xtape::nn::Mnist& data;
  const xtape::nn::Sequential<float>& network;
  const xtape::nn::History& history;
  std::vector<GradientComparison> gradients;
  Facts configuration;
  Facts versions;
};

/// Writes the report of a run, as nn::Report::write() does.
void write_report(const std::filesystem::path& folder, const ReportData& report);

}  // namespace mnist
