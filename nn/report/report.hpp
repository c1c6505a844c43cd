#pragma once

#include "tensor/hide_macros.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "nn/report/figures.hpp"

namespace xtape::nn {

/// A page of figures, as HTML.
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

  /// Adds a fact, a name and its value, to the top of the page.
  void fact(std::string name, std::string value);

  /// Adds a figure below the others, unless it is empty. A figure with a title has an entry in the
  /// table of contents. If two figures have the same `id`, a number is appended.
  void add(Figure figure);

  /// Returns the page as one HTML file. The file contains everything that it shows, and refers to
  /// nothing outside. Its content security policy forbids the network and scripts.
  std::string html() const;

  /// Writes `index.html` into `folder`, and `metrics.csv` if a figure draws a History. Creates the
  /// folder if it is missing. Each file is replaced atomically. Throws as require_writable() does,
  /// and DataError, with the name of the file, if it cannot be written.
  void write(const std::filesystem::path& folder) const;

  /// Checks that write() can write to `folder`, and replaces nothing but a report. Creates the
  /// folder if it is missing. Call require_writable() before a long training. Throws ValueError if
  /// the folder has an `index.html` or `metrics.csv` that is not of a report. Throws DataError if
  /// write() could not write there.
  static void require_writable(const std::filesystem::path& folder);

 private:
  std::string title_, about_;
  std::vector<std::pair<std::string, std::string>> facts_;
  std::vector<Figure> figures_;
};

}  // namespace xtape::nn

#include "tensor/restore_macros.hpp"
