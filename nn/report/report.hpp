#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "nn/report/figures.hpp"

namespace xtape::nn {

/// A page made of figures.
///
///     nn::Report page("Iris");
///     page.fact("accuracy", "97.3 %");
///     page.add(nn::curves(history));
///     page.add(nn::confusion(matrix, names));
///     page.add(nn::table({"sort", "flowers"}, {{"setosa", "50"}, {"virginica", "50"}}));
///     page.write("report");
class Report {
 public:
  /// Begins a page with a title and a line below it.
  explicit Report(std::string title, std::string about = "A training run of xtape.");

  /// Adds a number to the top of the page: a name and its value.
  void fact(std::string name, std::string value);

  /// Adds a figure below the others, unless it is empty. A figure with a title has an entry in the
  /// list of contents. Two figures of one `id` are told apart by a number.
  void add(Figure figure);

  /// Returns the page: one HTML file that holds all it shows. It refers to nothing outside, and its
  /// content security policy forbids the network and scripts.
  std::string html() const;

  /// Writes `index.html` into `folder`, which is made if it is missing, and `metrics.csv` if a
  /// figure draws a History. Each is replaced whole. Throws DataError, naming the file, if it
  /// cannot be written.
  void write(const std::filesystem::path& folder) const;

  /// Makes the folder if it is missing. Throws DataError if write() could not write there. A
  /// program calls it before a long training.
  static void require_writable(const std::filesystem::path& folder);

 private:
  std::string title_, about_;
  std::vector<std::pair<std::string, std::string>> facts_;
  std::vector<Figure> figures_;
};

}  // namespace xtape::nn
