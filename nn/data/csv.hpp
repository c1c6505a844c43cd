#pragma once

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nn/data/dataset.hpp"

namespace xtape::nn {

/// A column of a CSV file, by its name in the header or by its number from 0.
class CsvColumn {
 public:
  /// The column of this name.
  ///@{
  CsvColumn(const char* name) : name_or_number_(std::string(name)) {}
  CsvColumn(std::string name) : name_or_number_(std::move(name)) {}
  ///@}

  /// The column of this number. Negative numbers name no column.
  template <std::integral I>
  CsvColumn(I number) : name_or_number_(static_cast<std::size_t>(number)) {}

  /// The name, or the number.
  const std::variant<std::string, std::size_t>& get() const { return name_or_number_; }

 private:
  std::variant<std::string, std::size_t> name_or_number_;
};

/// What read_csv() takes from a file.
struct CsvOptions {
  /// Columns of numbers, in this order. Empty: all but the targets.
  std::vector<CsvColumn> features{};

  /// The column that names the class of each row, by any text or number. Or else:
  std::optional<CsvColumn> classes{};

  /// Columns of numbers to predict.
  std::vector<CsvColumn> targets{};

  /// The classes that there may be, as another file's CsvData::class_names. Empty: those of the
  /// file.
  std::vector<std::string> class_names{};

  bool header = true;    ///< Whether the first row names the columns.
  char separator = ',';  ///< Between two fields.
};

/// What a CSV file holds.
struct CsvData {
  /// The features, floats of shape (features); the targets are class labels, or floats of shape
  /// (targets).
  Dataset data;
  std::vector<std::string> feature_names;  ///< As in the header, or their numbers without one.
  std::vector<std::string> class_names;    ///< What each label stands for. Sorted, numbers by size.
};

/// Reads a CSV file (RFC 4180) of numbers and classes:
///
///     const nn::CsvData flowers = nn::read_csv("iris.csv", {.classes = "species"});
///
/// Fields may be quoted; a quoted field may hold separators, line ends and doubled quotes. Lines
/// end with LF or CRLF. Empty lines and a byte order mark are skipped. Spaces around numbers are
/// ignored.
///
/// Throws DataError, one line that names the file, the line and the column: for a field that is
/// missing or no finite number, a row with more or fewer fields than the first, a quote out of
/// place, a class that is not among `class_names`, a column that is not there. Throws ValueError
/// unless the options name either classes or targets.
CsvData read_csv(const std::filesystem::path& path, const CsvOptions& options);

}  // namespace xtape::nn
