#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>
#include <xtape.hpp>

#include "examples/mnist/gradient_check.hpp"
#include "nn/train/history.hpp"

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

/// Makes `folder` where it is missing. Throws what write_report() would if it can be told
/// beforehand: the folder cannot be made or is read only.
void require_report_folder(const std::filesystem::path& folder);

/// Writes `index.html` into `folder`, which is made where it is missing: one file with everything
/// in it, for which no browser needs the network or a script. And `metrics.csv`, a line for each
/// epoch. Each replaces its predecessor whole. Throws DataError naming the file that cannot be
/// written.
void write_report(const std::filesystem::path& folder, const ReportData& report);

}  // namespace mnist
