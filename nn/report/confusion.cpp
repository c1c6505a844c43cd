#include "nn/report/confusion.hpp"

#include <algorithm>
#include <cmath>

#include "nn/report/text.hpp"

namespace xtape::nn::report {
namespace {

constexpr double cell = 40, gap = 2;
constexpr double empty_strength = 0.035;
constexpr std::size_t most_with_all_cells = 50;  // classes; 300 have 90,000 cells, most of them 0

/// The most mistakes in one cell, but at least 1.
std::size_t most_mistakes(const xtape::nn::ConfusionMatrix& matrix) {
  std::size_t most = 1;
  for (std::size_t i = 0; i < matrix.classes(); ++i) {
    for (std::size_t j = 0; j < matrix.classes(); ++j) {
      most = i == j ? most : std::max(most, matrix.count(i, j));
    }
  }
  return most;
}

/// The samples of class `i`.
std::size_t samples_of(const xtape::nn::ConfusionMatrix& matrix, std::size_t i) {
  std::size_t sum = 0;
  for (std::size_t j = 0; j < matrix.classes(); ++j) {
    sum += matrix.count(i, j);
  }
  return sum;
}

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// The opacity of a cell of `count` right predictions in a row of `row` samples.
double right_strength(std::size_t count, std::size_t row) { return 0.1 + 0.35 * ratio(count, row); }

/// The opacity of a cell of `count` mistakes. No cell has more than `most`.
double wrong_strength(std::size_t count, std::size_t most) {
  return count == 0 ? empty_strength : 0.12 + 0.4 * std::sqrt(ratio(count, most));
}

void add_cell(std::string& svg, std::size_t count, bool right, double strength, double x, double y,
              const std::string& title) {
  add(svg, R"(<g><title>{}</title>)", title);
  add(svg, R"(<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3" )",
      right ? "right" : "wrong", x, y, cell - gap, cell - gap);
  add(svg, R"(fill-opacity="{:.2f}"/>)", strength);
  if (count > 0) {
    add(svg, R"(<text class="count middle" x="{}" y="{}">{}</text>)", x + (cell - gap) / 2,
        y + cell / 2 + 3, count);
  }
  svg += "</g>";
}

}  // namespace

std::string draw(const xtape::nn::ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  const std::size_t classes = matrix.classes();
  std::size_t longest = 1;
  for (const std::string& name : names) {
    longest = std::max(longest, name.size());
  }
  const bool slanted = longest > 3;
  const double margin = 30 + 6.2 * static_cast<double>(longest);
  const double top = slanted ? margin : 44;
  const double side = cell * static_cast<double>(classes);

  std::string html = R"(<figure class="card wide"><figcaption>Confusion matrix)";
  html += " <small>rows: what they are, columns: what they were taken for</small></figcaption>";
  add(html, R"(<svg class="confusion" viewBox="0 0 {:.0f} {:.0f}" role="img">)", margin + side + 66,
      top + side + 6);
  add(html, "<title>Confusion matrix</title><desc>{} of {} samples were recognised.</desc>",
      thousands(matrix.correct()), thousands(matrix.total()));
  add(html, R"(<text class="label" x="{0:.1f}" y="12">taken for</text>)", margin);
  add(html, R"(<text class="label end" x="{:.1f}" y="12">recognised</text>)", margin + side + 62);
  const std::size_t most = most_mistakes(matrix);
  const bool all_cells = classes <= most_with_all_cells;
  if (!all_cells) {
    add(html, R"(<rect class="wrong" x="{}" y="{}" width="{}" height="{}" fill-opacity="{}"/>)",
        margin, top, side, side, empty_strength);
  }
  for (std::size_t i = 0; i < classes; ++i) {
    const double offset = cell * static_cast<double>(i);
    const double middle = offset + (cell - gap) / 2;
    add(html, R"(<text class="name end" x="{:.1f}" y="{:.1f}">{}</text>)", margin - 8,
        top + middle + 4, escaped(names[i]));
    add(html,
        R"svg(<text class="name {0}" transform="translate({1:.1f} {2:.1f}){3}">{4}</text>)svg",
        slanted ? "" : "middle", margin + middle, top - 8, slanted ? " rotate(-45)" : "",
        escaped(names[i]));
    const std::size_t row = samples_of(matrix, i);
    for (std::size_t j = 0; j < classes; ++j) {
      const std::size_t count = matrix.count(i, j);
      if (count == 0 && i != j && !all_cells) {
        continue;
      }
      const double strength = i == j ? right_strength(count, row) : wrong_strength(count, most);
      add_cell(html, count, i == j, strength, margin + cell * static_cast<double>(j), top + offset,
               fmt::format("{} of {} samples of {} taken for {}", count, row, escaped(names[i]),
                           escaped(names[j])));
    }
    if (row > 0) {
      add(html, R"(<text class="count end" x="{:.1f}" y="{:.1f}">{:.1f} %</text>)",
          margin + side + 62, top + middle + 4, 100 * matrix.recall(i));
    }
  }
  return html += "</svg></figure>\n";
}

}  // namespace xtape::nn::report
