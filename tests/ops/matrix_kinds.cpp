#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/ops/kind_parts.hpp"

/// The kinds of products of matrices.

namespace xtape::kind {
namespace {

using List = std::vector<std::size_t>;

/// Returns the labels of each operand of an equation.
std::vector<std::string> labels_of(const std::string& equation) {
  std::istringstream in(equation.substr(0, equation.find('-')));
  std::vector<std::string> operands;
  for (std::string labels; std::getline(in, labels, ',');) {
    operands.push_back(labels);
  }
  return operands;
}

/// Whether NumPy multiplies two arrays as matrices.
bool multiply(const Shape& a, const Shape& b) {
  const auto batch = [](const Shape& shape) {
    return shape.size() < 2 ? Shape{} : Shape(shape.begin(), shape.end() - 2);
  };
  return !a.empty() && !b.empty() && a.back() == b[b.size() < 2 ? 0 : b.size() - 2] &&
         may_broadcast(batch(a), batch(b));
}

}  // namespace

Kind product() {
  return binary(
      at("3x4 4x5 | 1x1 1x1 | 1x7 7x1 | 7x1 1x7 | 2x33 33x17 | 0x3 3x2 | 2x3 3x0 | 2x0 0x3 | "
         "4x4 4x4") +
          at("3 3 | 1 1 | 0 0 | 3 3x2 | 2x3 3 | 2x4x3 3 | 3 2x3x4 | 3 5x2x3x1") +
          at("2x3x4 4x5 | 3x4 2x4x5 | 2x3x4 2x4x5 | 2x3x4 1x4x5 | 1x3x4 2x4x5 | 4x3x3 4x3x3") +
          at("5x2x3x4 2x4x1 | 2x1x3x4 5x4x2 | 1x3x4 5x2x4x2 | 0x3x4 4x5 | 0x3x4 1x4x5 | "
             "2x3x0 0x5 | 2x3x0 2x0x5 | 1x3x4 0x4x5 | 2x0x4 2x4x3"),
      multiply,
      [](const Shape& a, Rng& rng) {
        if (a.empty()) {
          return Shape{};
        }
        Shape b(a.begin(), a.end() - std::min<Position>(2, rank_of(a)));
        for (std::size_t& extent : b) {
          extent = rng.below(2) == 0 ? 1 : extent;
        }
        b = rng.below(3) == 0 ? Shape{} : b;
        b.push_back(a.back());
        if (b.size() > 1 || rng.below(2) == 0) {
          b.push_back(1 + rng.below(5));
        }
        return b;
      },
      nothing);
}

Kind summed(const std::string& equation) {
  const std::vector<std::string> operands = labels_of(equation);
  // The extents of labels that the shapes have, or none if they differ.
  const auto extents_of = [=](Given shapes) {
    std::map<char, std::size_t> extents;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      if (shapes[i].size() != operands[i].size()) {
        return std::optional<std::map<char, std::size_t>>();
      }
      for (std::size_t axis = 0; axis < shapes[i].size(); ++axis) {
        if (extents.emplace(operands[i][axis], shapes[i][axis]).first->second != shapes[i][axis]) {
          return std::optional<std::map<char, std::size_t>>();
        }
      }
    }
    return std::optional(extents);
  };
  const auto shapes_for = [=](std::map<char, std::size_t> extents, auto next) {
    Shapes shapes;
    for (const std::string& labels : operands) {
      Shape shape;
      for (const char label : labels) {
        shape.push_back(extents.contains(label) ? extents.at(label) : (extents[label] = next()));
      }
      shapes.push_back(shape);
    }
    return shapes;
  };
  Samples samples;
  for (const auto& list : {List{2, 3, 4, 2, 3}, List{1, 1, 1, 1, 1}, List{3, 1, 2, 1, 2},
                           List{2, 0, 3, 2, 2}, List{5, 17, 3, 2, 2}}) {
    std::size_t i = 0;
    samples.push_back({shapes_for({}, [&] { return list[i++ % list.size()]; })});
  }
  return {samples, [=](Given shapes) { return extents_of(shapes).has_value(); },
          [=](const Shape& first, Rng& rng) {
            const auto extents = extents_of(std::span(&first, 1));
            return extents ? shapes_for(*extents, [&] { return 1 + rng.below(3); }) : Shapes();
          },
          nothing};
}

Kind layer() {
  return {
      at("3x4 4x5 5 | 1x1 1x1 1 | 1x7 7x3 3 | 5x33 33x17 17 | 0x3 3x2 2 | 2x3 3x0 0 | 2x0 0x3 3 | "
         "4x4 4x4 4"),
      [](Given shapes) {
        const Shape &x = shapes[0], &weight = shapes[1], &bias = shapes[2];
        return x.size() == 2 && weight.size() == 2 && bias.size() == 1 && x[1] == weight[0] &&
               weight[1] == bias[0];
      },
      [](const Shape& x, Rng& rng) {
        const std::size_t out = 1 + rng.below(5);
        return x.size() == 2 ? Shapes{x, Shape{x[1], out}, Shape{out}} : Shapes();
      },
      nothing};
}

}  // namespace xtape::kind
