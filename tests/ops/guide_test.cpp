#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <utility>

#include "nn/onnx/exporter.hpp"
#include "tensor/kernels/factor.hpp"
#include "tests/ops/declared.hpp"
#include "tests/ops/table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/read_text.hpp"

// docs/ops.md: every op, by the comments of the headers and the rows of the table.

namespace xtape {
namespace {

constexpr const char* path = XTAPE_SOURCE_DIR "/docs/ops.md";

/// The name of the function that an expression calls, or the expression where it calls none, as
/// code; a dash for no expression. Of a mask, which a row multiplies, it is the comparison.
std::string name_of(const std::string& expression) {
  std::smatch match;
  const std::string name =
      std::regex_match(expression, match,
                       std::regex("([\\w.]+)\\(.*|(?:x|\\(x - y\\)) \\* \\((.*)\\)"))
          ? match[1].str() + match[2].str()
          : expression;
  return name.empty() ? "–" : "`" + name + "`";
}

std::string cell(const std::string& text) {
  std::string escaped;
  bool code = false;  // Markdown shows the backslashes of code
  for (const char letter : text) {
    code ^= letter == '`';
    if (letter == '|' || (!code && std::string("*_<").find(letter) != std::string::npos)) {
      escaped += '\\';
    }
    escaped += letter;
  }
  return escaped;
}

/// The comment of an op without the word that begins each of them.
std::string what(const std::string& comment) {
  return comment.substr(comment.starts_with("Returns ") ? 8 : 0);
}

/// What a row is exported with: its largest sample, with axes if any has some, or the first of its
/// numbers.
Sample sample_of(const Row& row) {
  const auto elements = [](const Sample& sample) {
    return std::pair(!sample.of.axes.empty(), element_count(sample.shapes.front()));
  };
  const auto& samples = row.kind.samples;
  if (!samples.empty()) {
    return *std::max_element(samples.begin(), samples.end(), [&](const Sample& a, const Sample& b) {
      return elements(a) < elements(b);
    });
  }
  Sample sample{{}, row.numbers.at(0).of};
  for (const Array<double>& operand : row.numbers.at(0).operands) {
    sample.shapes.push_back(operand.shape());
  }
  return sample;
}

/// The operators that an op is exported to, each once, in alphabetical order, because compilers
/// evaluate the operands of a row in different orders; a dash for an op without a counterpart. The
/// model adds the mean of an op of constants to the mean of its input. These are its last three
/// calls.
std::string exported(const Row& row) {
  const Sample sample = sample_of(row);
  const nn::onnx::ModelCall<float> model = [&](Variable<float> x) {
    std::vector<Variable<float>> operands;
    for (const Shape& shape : sample.shapes) {
      operands.push_back(x.tape().constant(Array<float>(shape, 1.F)));
    }
    const Variable<float> y = mean(row.call(operands, sample.of));
    const Variable<float> z = mean(x);  // after y, for any compiler
    return y + z;
  };
  std::set<std::string> types;
  try {
    const nn::onnx::Recording<float> recording(model, Shape{1}, {});
    nn::onnx::Exporter exporter(recording.steps(), nn::onnx::Type::float32, "x");
    auto calls = exporter.run("y").calls;
    REQUIRE(calls.size() >= 3);
    calls.resize(calls.size() - 3);
    for (const auto& call : calls) {
      types.insert("`" + call.type + "`");
    }
  } catch (const ValueError&) {
    return "–";
  }
  return types.empty() ? "left out" : fmt::format("{}", fmt::join(types, ", "));
}

/// A line for each op and, where they have comments of their own, for its overloads.
std::string page() {
  std::string text =
      "# Every op\n\n"
      "What each op computes and how its gradient flows back, by the comments of the headers, what "
      "NumPy and PyTorch call\n"
      "it, and the operators of ONNX that it [exports to](onnx.md). `x`, `a` and `b` are operands, "
      "`y` is the result, and `dy`\n"
      "is the gradient of the result. "
      "`./run ops` writes this page from the headers and the table of ops.\n\n"
      "The ops on the parts of Dual numbers, `tangent`, `primal` and `gauss_newton`, are in\n"
      "[autograd/ops/duals.hpp](../autograd/ops/duals.hpp); see [derivatives](derivatives.md).\n";
  std::map<std::string, std::size_t> met;
  std::string family, last;
  for (const Declared& each : declared_ops()) {
    const std::size_t number = met[each.op]++;
    if (each.family != family) {
      family = each.family;
      text += fmt::format(
          "\n## {0}\n\n[autograd/ops/{0}.hpp](../autograd/ops/{0}.hpp)\n\n"
          "| op | what it computes | NumPy | PyTorch | ONNX |\n|---|---|---|---|---|\n",
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
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", each.op, cell(what(each.comment)),
                        name_of(row.numpy), name_of(row.torch), exported(row));
  }
  text +=
      "\n## In one line\n\nWhat is no op, because ops say it in one line:\n\n"
      "| PyTorch | here |\n|---|---|\n";
  for (const Row& row : lines()) {
    text += fmt::format("| {} | `{}` |\n", name_of(row.torch),
                        std::regex_replace(row.text, std::regex("of\\."), ""));
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
  if (!has_lapack()) {
    XTAPE_SKIP("SKIPPED: this build has no LAPACK, whose ops are on the page");
  }
  INFO("./run ops writes it anew");
  CHECK(read_text(path) == page());
}

TEST_CASE("write docs/ops.md", "[.write]") {
  const std::string text = page();
  std::ofstream(path) << text;
}

}  // namespace xtape
