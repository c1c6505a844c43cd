#pragma once

#include <filesystem>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "examples/images/course.hpp"
#include "examples/images/data.hpp"

namespace images {

/// The content of a report. The objects that it refers to must outlive it.
struct ReportData {
  const Subject& subject;
  const DataSource& source;
  const xtape::nn::Sequential<float>& network;
  const xtape::nn::History& history;
  std::vector<by_hand::GradientComparison> gradients;
  const Course& course;
  std::uint64_t seed;
};

/// Writes the report of a run, as nn::Report::write() does.
void write_report(const std::filesystem::path& folder, const ReportData& report);

}  // namespace images
