#include "nn/data/csv.hpp"

#include <cmath>
#include <cstring>
#include <string>

#include "tests/fuzz/fuzz.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using fuzz::expect;

namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    result += c == '"' ? "\"\"" : std::string(1, c);
  }
  return result + '"';
}

/// The table as a file of its own: the features, then the class or the targets.
std::string written(const nn::CsvData& table) {
  std::string text;
  const auto add = [&](std::span<const float> numbers) {
    for (const float number : numbers) {
      text += fmt::format("{},", number);
    }
  };
  for (std::size_t i = 0; i < table.data.size(); ++i) {
    add(table.data.features.sample<float>(i));
    if (table.data.targets.are_integers()) {
      const auto label = table.data.targets.sample<std::int64_t>(i)[0];
      text += quoted(table.class_names.at(static_cast<std::size_t>(label)));
    } else {
      add(table.data.targets.sample<float>(i));
      text.pop_back();
    }
    text += '\n';
  }
  return text;
}

void expect_sound(const nn::CsvData& table) {
  const std::size_t columns = table.feature_names.size();
  expect(table.data.size() > 0 && columns > 0, "a table has rows and columns");
  expect(xtape::same_shape(table.data.features.shape(), xtape::Shape{columns}),
         "there is a name for each feature");
  for (const float number : table.data.features.as<float>()) {
    expect(std::isfinite(number), "features are finite numbers");
  }
  nn::CsvOptions options{.class_names = table.class_names, .header = false};
  if (table.data.targets.are_integers()) {
    options.classes = columns;
  } else {
    options.targets = {columns};
  }
  const nn::CsvData again = nn::read_csv(fuzz::folder().write("again", written(table)), options);
  expect(fuzz::bits(again.data.features.as<float>()) == fuzz::bits(table.data.features.as<float>()),
         "numbers that are written read the same");
  expect(again.class_names == table.class_names && written(again) == written(table),
         "targets that are written read the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::input_file(data, size);
  for (const bool header : {false, true}) {
    for (const nn::CsvOptions& options :
         {nn::CsvOptions{.classes = 0, .header = header},
          nn::CsvOptions{.features = {1}, .targets = {0}, .header = header},
          nn::CsvOptions{.classes = "kind", .header = header, .separator = ';'}}) {
      nn::CsvData table;
      if (fuzz::accepts(path, [&] { table = nn::read_csv(path, options); })) {
        expect_sound(table);
      }
    }
  }
  return 0;
}
