#include "nn/report/report.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "nn/io/files.hpp"
#include "nn/io/replaceable.hpp"
#include "nn/report/metrics.hpp"
#include "nn/report/style.hpp"
#include "nn/report/text.hpp"
#include "tensor/error.hpp"
#include "tensor/version.hpp"

namespace xtape::nn {
namespace {

using report::add;
using report::escaped;

constexpr const char* page_file = "index.html";
constexpr const char* numbers_file = "metrics.csv";
constexpr std::string_view page_begin = "<!DOCTYPE html>";
constexpr std::string_view page_footer = "<footer>Made by xtape ";

void make_folder(const std::filesystem::path& folder) {
  std::error_code error, ignored;
  std::filesystem::create_directories(folder, error);
  require<DataError>(std::filesystem::is_directory(folder, ignored), "{}: cannot be made: {}",
                     folder.string(), error ? error.message() : "it is not a folder");
}

/// Returns at most `count` bytes of a file, from an offset on.
std::string part_of(const InputFile& file, std::uint64_t offset, std::size_t count) {
  std::string bytes(count, '\0');
  bytes.resize(file.read_at(offset, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

/// True if a file is the page of a report.
bool holds_page(const std::filesystem::path& path) {
  constexpr std::uint64_t most_footer = 512;  // bytes
  const InputFile file(path);
  const std::uint64_t end = file.size() - std::min(file.size(), most_footer);
  return part_of(file, 0, page_begin.size()) == page_begin &&
         part_of(file, end, most_footer).find(page_footer) != std::string::npos;
}

/// True if a file begins as the numbers of a report do.
bool holds_numbers(const std::filesystem::path& path) {
  return part_of(InputFile(path), 0, report::first_columns.size()) == report::first_columns;
}

/// The numbers of the epochs, if a figure has them.
std::string numbers_of(const std::vector<Figure>& figures) {
  const auto found = std::find_if(figures.begin(), figures.end(),
                                  [](const Figure& each) { return !each.csv.empty(); });
  return found == figures.end() ? "" : found->csv;
}

std::string head(const std::string& title) {
  std::string html(page_begin);
  html +=
      "\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'\">\n<link rel=\"icon\" href=\"data:,\">\n";
  add(html, "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n", escaped(title),
      report::style);
  return html;
}

std::string contents(const std::vector<Figure>& figures) {
  std::string entries;
  for (const Figure& each : figures) {
    if (!each.title.empty()) {
      add(entries, "<a href=\"#{}\">{}</a> ", escaped(each.id), escaped(each.title));
    }
  }
  return entries.empty() ? "" : "<nav aria-label=\"Parts of this report\">" + entries + "</nav>";
}

std::string section(const Figure& figure) {
  std::string html;
  const std::string id = escaped(figure.id);
  if (figure.title.empty()) {
    add(html, "<section id=\"{}\">", id);
  } else {
    add(html, "<section id=\"{0}\" aria-labelledby=\"{0}-title\"><h2 id=\"{0}-title\">{1}</h2>\n",
        id, escaped(figure.title));
  }
  if (!figure.text.empty()) {
    add(html, "<p>{}</p>\n", figure.text);
  }
  return html + figure.html + "</section>\n";
}

}  // namespace

Report::Report(std::string title, std::string about)
    : title_(std::move(title)), about_(std::move(about)) {}

void Report::fact(std::string name, std::string value) {
  facts_.emplace_back(std::move(name), std::move(value));
}

void Report::add(Figure figure) {
  if (figure.html.empty()) {
    return;
  }
  const auto taken = [&](const std::string& id) {
    return std::any_of(figures_.begin(), figures_.end(),
                       [&](const Figure& each) { return each.id == id; });
  };
  const std::string id = figure.id;
  for (std::size_t number = 2; taken(figure.id); ++number) {
    figure.id = fmt::format("{}-{}", id, number);
  }
  figures_.push_back(std::move(figure));
}

std::string Report::html() const {
  std::string html = head(title_);
  report::add(html, "<header><h1>{}</h1>\n<p>{}</p>\n", escaped(title_), escaped(about_));
  if (!facts_.empty()) {
    html += "<dl class=\"facts\">\n";
    for (const auto& [name, value] : facts_) {
      report::add(html, "<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(name), escaped(value));
    }
    html += "</dl>\n";
  }
  html += contents(figures_) + "</header>\n<main>\n";
  for (const Figure& each : figures_) {
    html += section(each);
  }
  report::add(html, "</main>\n{}{}.", page_footer, xtape::version());
  if (!numbers_of(figures_).empty()) {
    report::add(html, " The numbers of each epoch: <a href=\"{0}\">{0}</a>", numbers_file);
  }
  return html + "</footer>\n</body>\n</html>\n";
}

void Report::write(const std::filesystem::path& folder) const {
  require_writable(folder);
  const std::string numbers = numbers_of(figures_);
  if (!numbers.empty()) {
    write_file(folder / numbers_file, numbers);
  }
  write_file(folder / page_file, html());
}

void Report::require_writable(const std::filesystem::path& folder) {
  make_folder(folder);
  require_replaceable(folder / numbers_file, "numbers of a report", holds_numbers);
  require_replaceable(folder / page_file, "report", holds_page);
  nn::require_writable(folder / numbers_file);
  nn::require_writable(folder / page_file);
}

}  // namespace xtape::nn
