#include "nn/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nn/thousands.hpp"

namespace xtape::nn::detail {
namespace {

using Row = std::array<std::string, 7>;
constexpr std::size_t first_number = 5;  // columns from here on are aligned at their ends

/// Returns the rows under one another, each column as wide as it must be. Columns without text are
/// left out.
std::string align(const std::vector<Row>& rows) {
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string table;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths[i] > 0) {
        table += i < first_number
                     ? fmt::format("{:<{}}  ", row[i], widths[i])
                     : fmt::format("{}{:>{}}", i == first_number ? "" : "  ", row[i], widths[i]);
      }
    }
    table.erase(table.find_last_not_of(' ') + 1);
    table += '\n';
  }
  return table;
}

}  // namespace

void TableRow::add(ArrayKind kind, std::string_view array_name, const Shape& shape,
                   std::size_t size) {
  std::string& list = kind != ArrayKind::parameter ? buffers : parameters;
  list += fmt::format("{}{} {}", list.empty() ? "" : ", ", array_name, shape);
  numbers = numbers.value_or(0) + (kind != ArrayKind::parameter ? 0 : size);
}

std::string format_table(const std::vector<TableRow>& rows, std::size_t in_buffers) {
  const auto any = [&](std::string TableRow::*column) {
    return std::any_of(rows.begin(), rows.end(),
                       [=](const TableRow& row) { return !(row.*column).empty(); });
  };
  const char* output = any(&TableRow::output) ? "output" : "";
  const char* buffers = any(&TableRow::buffers) ? "buffers" : "";
  const bool counted = !rows.empty() && rows.front().multiplications.has_value();
  const auto text_of = [](const std::optional<std::size_t>& count) {
    return count ? thousands(*count) : "";
  };
  std::vector<Row> lines{
      {"", "layer", output, "parameters", buffers, "numbers", counted ? "multiplications" : ""}};
  std::size_t total = 0, all_work = 0;
  for (const TableRow& row : rows) {
    lines.push_back({row.name, row.layer, row.output, row.parameters, row.buffers,
                     text_of(row.numbers), text_of(row.multiplications)});
    total += row.numbers.value_or(0);
    all_work += row.multiplications.value_or(0);
  }
  lines.push_back({"", "total", "", "", "", thousands(total), counted ? thousands(all_work) : ""});
  if (any(&TableRow::buffers)) {
    lines.push_back({"", "in buffers", "", "", "", thousands(in_buffers), ""});
  }
  return align(lines);
}

}  // namespace xtape::nn::detail
