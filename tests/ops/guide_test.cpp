#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>

#include "tests/ops/declared.hpp"
#include "tests/ops/table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/read_text.hpp"

// docs/ops.md: every op, by the comments of the headers and the rows of the table.

namespace xtape {
namespace {

constexpr const char* path = XTAPE_SOURCE_DIR "/docs/ops.md";

/// The name of the function that an expression calls, or the expression where it calls none, as
/// code; a dash for no expression.
std::string name_of(const std::string& expression) {
  std::smatch match;
  const std::string name = std::regex_match(expression, match, std::regex("([\\w.]+)\\(.*"))
                               ? match[1].str()
                               : expression;
  return name.empty() ? "–" : "`" + name + "`";
}

std::string cell(const std::string& text) {
  return std::regex_replace(text, std::regex("([|*_<])"), "\\$1");
}

/// The comment of an op without the word that begins each of them.
std::string what(const std::string& comment) {
  return comment.substr(comment.starts_with("Returns ") ? 8 : 0);
}

/// A line for each op and, where they have comments of their own, for its overloads.
std::string page() {
  std::string text =
      "# Every op\n\n"
      "What each op computes and how its gradient flows back, by the comments of the headers, and "
      "what NumPy and PyTorch\n"
      "call it. `x`, `a` and `b` are operands, `y` is the result, and `dy` is the gradient of the "
      "result.\n"
      "`./run ops` writes this page from the headers and the table of ops.\n";
  std::map<std::string, std::size_t> met;
  std::string family, last;
  for (const Declared& each : declared_ops()) {
    const std::size_t number = met[each.op]++;
    if (each.family != family) {
      family = each.family;
      text += fmt::format(
          "\n## {0}\n\n[autograd/ops/{0}.hpp](../autograd/ops/{0}.hpp)\n\n"
          "| op | what it computes | NumPy | PyTorch |\n|---|---|---|---|\n",
          family);
    }
    if (each.op + each.comment == last) {
      continue;
    }
    last = each.op + each.comment;
    const auto overloads = overloads_of(each.op);
    REQUIRE(number < overloads.size());
    const Row& row = *std::find_if(table().begin(), table().end(), [&](const Row& candidate) {
      return candidate.overload == overloads[number];
    });
    text += fmt::format("| `{}` | {} | {} | {} |\n", each.op, cell(what(each.comment)),
                        name_of(row.numpy), name_of(row.torch));
  }
  text += "\n## On purpose not as in PyTorch\n\n";
  std::string before;
  for (const Row& row : table()) {
    if (!row.because.empty() && row.op + row.because != before) {
      text += fmt::format("- `{}`: {}.\n", row.op, row.because);
      before = row.op + row.because;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("docs/ops.md is what the headers and the table of ops say") {
  INFO("./run ops writes it anew");
  CHECK(read_text(path) == page());
}

TEST_CASE("write docs/ops.md", "[.write]") {
  const std::string text = page();
  std::ofstream(path) << text;
}

}  // namespace xtape
