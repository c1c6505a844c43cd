#include "nn/data/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <locale>
#include <numeric>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 36;

/// Where a reader is: what messages begin with.
struct Place {
  std::string file;
  std::size_t line = 1;
};

/// The fields of a CSV file one after another.
class Fields {
 public:
  Fields(std::string_view text, char separator, Place& place)
      : text_(text), separator_(separator), place_(place) {
    if (text_.starts_with("\xef\xbb\xbf")) {
      text_.remove_prefix(3);
    }
  }

  /// Goes to the next row that is not empty; false when there is none.
  bool next_row() {
    while (skip_line_end()) {
    }
    place_.line = line_;
    row_ended_ = false;
    return at_ < text_.size();
  }

  /// Whether all fields of the row have been read.
  bool row_ended() const { return row_ended_; }

  /// The next field of the row, valid until the next call.
  std::string_view next() {
    const std::string_view field = at_ < text_.size() && text_[at_] == '"' ? quoted() : plain();
    require<DataError>(!at_cr() || text_.substr(at_, 2) == "\r\n",
                       "{}: line {}: a CR that no LF follows", place_.file, line_);
    if (at_ < text_.size() && text_[at_] == separator_) {
      ++at_;
    } else {
      require<DataError>(at_ == text_.size() || skip_line_end(),
                         "{}: line {}: text follows the closing quote of a field", place_.file,
                         line_);
      row_ended_ = true;
    }
    return field;
  }

 private:
  /// Steps over LF or CRLF.
  bool skip_line_end() {
    const std::string_view rest = text_.substr(at_, 2);
    const std::size_t length = rest.starts_with('\n') ? 1 : rest == "\r\n" ? 2 : 0;
    at_ += length;
    line_ += length > 0;
    return length > 0;
  }

  /// Whether a carriage return comes next that does not separate fields.
  bool at_cr() const {
    return at_ < text_.size() && text_[at_] == '\r' && text_[at_] != separator_;
  }

  std::string_view plain() {
    const std::size_t first = at_;
    bool has_quote = false;
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' &&
           text_[at_] != '\r') {
      has_quote |= text_[at_] == '"';
      ++at_;
    }
    require<DataError>(!has_quote,
                       "{}: line {}: a quote within a field that does not begin with one",
                       place_.file, line_);
    return text_.substr(first, at_ - first);
  }

  std::string_view quoted() {
    const std::size_t begun = line_;
    unquoted_.clear();
    while (true) {
      const std::size_t first = ++at_, end = text_.find('"', first);
      require<DataError>(end != std::string_view::npos, "{}: line {}: a quoted field does not end",
                         place_.file, begun);
      const std::string_view part = text_.substr(first, end - first);
      line_ += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
      at_ = end + 1;
      if (at_ == text_.size() || text_[at_] != '"') {
        unquoted_ += part;
        return unquoted_;
      }
      unquoted_ += text_.substr(first, at_ - first);  // with one of two quotes
    }
  }

  std::string_view text_;
  char separator_;
  Place& place_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool row_ended_ = false;
  std::string unquoted_;
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// The finite number that `text` spells; NaN when it spells none.
double number_of(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+') && !text.starts_with("+-")) {
    text.remove_prefix(1);
  }
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) {
    std::istringstream in{std::string(text)};
    in.imbue(std::locale::classic());  // the decimal point is a point in every locale
    in >> number;                      // the greatest double, or close to 0
  }
  const bool good = error != std::errc::invalid_argument && rest == end && std::isfinite(number);
  return good ? number : std::numeric_limits<double>::quiet_NaN();
}

/// What the names of classes become: their labels, in order of appearance until they are sorted.
class Classes {
 public:
  explicit Classes(const std::vector<std::string>& known) : fixed_(!known.empty()) {
    for (const std::string& name : known) {
      require<ValueError>(labels_.count(name) == 0,
                          "read_csv: the class {} is in class_names twice", in_quotes(name));
      add(name);
    }
  }

  /// The label of a class; -1 for one that is not known.
  std::int64_t label(std::string_view name) {
    const auto found = labels_.find(key_.assign(name));
    if (found != labels_.end()) {
      return found->second;
    }
    return fixed_ ? -1 : add(key_);
  }

  /// Sorts the names, unless they were given, and relabels accordingly.
  std::vector<std::string> sort(std::vector<std::int64_t>& labels) {
    if (fixed_) {
      return names_;
    }
    std::vector<std::size_t> order(names_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<double> sizes(names_.size());
    std::transform(names_.begin(), names_.end(), sizes.begin(), number_of);
    if (std::any_of(sizes.begin(), sizes.end(), [](double size) { return std::isnan(size); })) {
      std::fill(sizes.begin(), sizes.end(), 0);
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return sizes[a] != sizes[b] ? sizes[a] < sizes[b] : names_[a] < names_[b];
    });
    std::vector<std::string> sorted;
    std::vector<std::int64_t> place(order.size());
    for (const std::size_t old : order) {
      place[old] = static_cast<std::int64_t>(sorted.size());
      sorted.push_back(names_[old]);
    }
    for (std::int64_t& label : labels) {
      label = place[static_cast<std::size_t>(label)];
    }
    return sorted;
  }

 private:
  std::int64_t add(const std::string& name) {
    const auto label = static_cast<std::int64_t>(names_.size());
    labels_.emplace(name, label);
    names_.push_back(name);
    return label;
  }

  bool fixed_;
  std::string key_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::int64_t> labels_;
};

/// What becomes of a column.
struct Use {
  std::size_t feature = none;
  std::size_t target = none;
  bool is_class = false;
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
};

/// Reads a file row by row.
class Reader {
 public:
  Reader(const std::filesystem::path& path, const CsvOptions& options)
      : options_(options),
        place_{path.string()},
        text_(read_file(path, most_bytes)),
        fields_(text_, options.separator, place_),
        classes_(options.class_names) {}

  CsvData read() {
    require<DataError>(fields_.next_row(), "{}: holds no rows", place_.file);
    read_header();
    plan();
    do {
      read_row();
    } while (fields_.next_row());
    return finish();
  }

 private:
  /// Names the columns, and goes to the first row of data.
  void read_header() {
    if (options_.header) {
      while (!fields_.row_ended()) {
        names_.emplace_back(trimmed(fields_.next()));
      }
      require<DataError>(fields_.next_row(), "{}: holds a header and no rows", place_.file);
      return;
    }
    Place place = place_;
    Fields first(text_, options_.separator, place);
    for (first.next_row(); !first.row_ended(); first.next()) {
      names_.push_back(std::to_string(names_.size()));
    }
  }

  void plan() {
    uses_.resize(names_.size());
    for (const CsvColumn& column : options_.targets) {
      use(column).target = target_count_++;
    }
    if (options_.classes) {
      use(*options_.classes).is_class = true;
    }
    for (const CsvColumn& column : options_.features) {
      add_feature(static_cast<std::size_t>(&use(column) - uses_.data()));
    }
    for (std::size_t i = 0; i < uses_.size() && options_.features.empty(); ++i) {
      if (uses_[i].target == Use::none && !uses_[i].is_class) {
        add_feature(i);
      }
    }
    require<DataError>(!feature_names_.empty(), "{}: has no columns but the targets", place_.file);
  }

  void add_feature(std::size_t column) {
    uses_[column].feature = feature_names_.size();
    feature_names_.push_back(names_[column]);
  }

  /// Returns the place of a column in the header.
  std::size_t index_of(const CsvColumn& column) const {
    if (const auto* name = std::get_if<std::string>(&column.get())) {
      const auto found = std::find(names_.begin(), names_.end(), *name);
      require<DataError>(found != names_.end(), "{}: has no column {}, only {}{}", place_.file,
                         in_quotes(*name), all_names(),
                         names_.size() == 1 ? " (does the file use another separator?)" : "");
      require<DataError>(std::find(found + 1, names_.end(), *name) == names_.end(),
                         "{}: has two columns {}", place_.file, in_quotes(*name));
      return static_cast<std::size_t>(found - names_.begin());
    }
    const std::size_t index = std::get<std::size_t>(column.get());
    require<DataError>(index < names_.size(),
                       "{}: has {} columns, so there is no number {} (from 0)", place_.file,
                       names_.size(), static_cast<std::ptrdiff_t>(index));
    return index;
  }

  /// Returns the use of a column that is not used yet.
  Use& use(const CsvColumn& column) {
    const std::size_t index = index_of(column);
    Use& use = uses_[index];
    require<ValueError>(use.feature == Use::none && use.target == Use::none && !use.is_class,
                        "read_csv: column {} is named twice", in_quotes(names_[index]));
    return use;
  }

  std::string all_names() const {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(names_.size(), 10); ++i) {
      text += (i > 0 ? ", " : "") + in_quotes(names_[i]);
    }
    return names_.size() > 10 ? text + ", ..." : text;
  }

  void read_row() {
    const std::size_t row = rows_++;
    features_.resize((row + 1) * feature_names_.size());
    targets_.resize((row + 1) * target_count_);
    std::size_t column = 0;
    for (; !fields_.row_ended() && column < uses_.size(); ++column) {
      keep(fields_.next(), column, row);
    }
    require_all_fields(column);
  }

  /// Throws unless the row has all fields. `count` of them have been read.
  void require_all_fields(std::size_t count) {
    for (; !fields_.row_ended(); ++count) {
      fields_.next();
    }
    require<DataError>(count == uses_.size(), "{}: line {}: {} fields, expected {}", place_.file,
                       place_.line, count, uses_.size());
  }

  void keep(std::string_view field, std::size_t column, std::size_t row) {
    const Use& use = uses_[column];
    if (use.feature != Use::none) {
      features_[row * feature_names_.size() + use.feature] = number(field, column);
    } else if (use.target != Use::none) {
      targets_[row * target_count_ + use.target] = number(field, column);
    } else if (use.is_class) {
      const std::string_view name = trimmed(field);
      labels_.push_back(name.empty() ? -1 : classes_.label(name));
      if (labels_.back() < 0) [[unlikely]] {
        const std::string text = name.empty() ? "" : in_quotes(name);
        require_all_fields(column + 1);
        require<DataError>(!text.empty(), "{}: the class is missing", where(column));
        const std::size_t count = options_.class_names.size();
        fail<DataError>("{}: {} is none of the {} classes", where(column), text, count);
      }
    }
  }

  float number(std::string_view field, std::size_t column) {
    const auto value = static_cast<float>(number_of(field));
    if (!std::isfinite(value)) [[unlikely]] {
      const std::string text = trimmed(field).empty() ? "" : in_quotes(field);
      require_all_fields(column + 1);
      require<DataError>(!text.empty(), "{}: the number is missing", where(column));
      fail<DataError>("{}: {} is not a number", where(column), text);
    }
    return value;
  }

  std::string where(std::size_t column) const {
    return fmt::format("{}: line {}, column {}", place_.file, place_.line,
                       in_quotes(names_[column]));
  }

  CsvData finish() {
    CsvData result{{}, std::move(feature_names_), {}};
    const Samples features(std::move(features_), {result.feature_names.size()});
    if (options_.classes) {
      result.class_names = classes_.sort(labels_);
      result.data = {features, std::move(labels_)};
    } else {
      result.data = {features, Samples(std::move(targets_), {target_count_})};
    }
    return result;
  }

  const CsvOptions& options_;
  Place place_;
  std::string text_;
  Fields fields_;
  Classes classes_;
  std::vector<std::string> names_, feature_names_;
  std::vector<Use> uses_;
  std::size_t target_count_ = 0, rows_ = 0;
  std::vector<float> features_, targets_;
  std::vector<std::int64_t> labels_;
};

}  // namespace

CsvData read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  require<ValueError>(options.classes.has_value() != !options.targets.empty(),
                      "read_csv: expected either a column of classes or columns of targets");
  return Reader(path, options).read();
}

}  // namespace xtape::nn
