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

/// A column of a CSV file, given by its name in the header, or by its number. Numbers count from 0.
class CsvColumn {
 public:
  /// Makes a column from its name.
  ///@{
  CsvColumn(const char* name) : name_or_number_(std::string(name)) {}
  CsvColumn(std::string name) : name_or_number_(std::move(name)) {}
  ///@}

  /// Makes a column from its number. A negative number does not name a column.
  template <std::integral I>
  CsvColumn(I number) : name_or_number_(static_cast<std::size_t>(number)) {}

  /// Returns the name or the number.
  const std::variant<std::string, std::size_t>& get() const { return name_or_number_; }

 private:
  std::variant<std::string, std::size_t> name_or_number_;
};

/// The options of read_csv().
struct CsvOptions {
  /// The columns of the features, which are numbers, in this order. Empty: all columns except
  /// classes and targets.
  std::vector<CsvColumn> features{};

  /// The column with the class of each row, as any text or number. Set either `classes` or
  /// `targets`.
  std::optional<CsvColumn> classes{};

  /// The columns of numbers to predict.
  std::vector<CsvColumn> targets{};

  /// The allowed classes, each once, such as CsvData::class_names of another file. The label of a
  /// class is its place in this list. Empty: the classes in the file.
  std::vector<std::string> class_names{};

  bool header = true;    ///< True if the first row names the columns.
  char separator = ',';  ///< The character between two fields.
};

/// The content of a CSV file.
struct CsvData {
  /// The samples. Features are floats of shape (features). Targets are labels, or floats of shape
  /// (targets).
  Dataset data;
  std::vector<std::string> feature_names;  ///< The names in the header, or column numbers.

  /// The class of each label. Sorted: by size if all are finite numbers, otherwise as texts.
  /// Classes that CsvOptions names keep their order.
  std::vector<std::string> class_names;
};

/// Reads a CSV file (RFC 4180) of numbers and classes:
///
///     const nn::CsvData flowers = nn::read_csv("iris.csv", {.classes = "species"});
///
/// Fields may be quoted. A quoted field may hold separators, line ends and doubled quotes. Lines
/// end with LF or CRLF. The last line may end with the file. Empty lines and a byte order mark are
/// skipped. Spaces around numbers are ignored.
///
/// Throws DataError, with the file, the line and the column, if a field is missing or is not a
/// finite number. The same error reports a row with more or fewer fields than the first, a
/// misplaced quote, a class that is not among `class_names`, and a missing column. It also reports
/// a CR outside quotes that no LF follows, such as the last byte of a file that is cut within CRLF.
/// Throws ValueError unless the options name either classes or targets, and if `class_names` has a
/// class twice.
CsvData read_csv(const std::filesystem::path& path, const CsvOptions& options);

}  // namespace xtape::nn
