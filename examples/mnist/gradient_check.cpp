#include "examples/mnist/gradient_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "examples/mnist/backprop.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/output.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;
using Matrix = xtape::Array<double>;

constexpr double tolerance_by_hand = 1e-12;
constexpr double tolerance_by_differences = 1e-6;
constexpr std::size_t sampled_elements = 20;
constexpr std::size_t max_batch = 64;  // so that the proof takes no longer for larger ones

double largest(const Matrix& array) {
  double result = 0;
  for (const double element : array.storage()) {
    result = std::max(result, std::abs(element));
  }
  return result;
}

/// max |a - b|; infinite when a number is not finite.
double greatest_difference(const Matrix& a, const Matrix& b) {
  double greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double each = std::abs(a.data()[i] - b.data()[i]);
    greatest = std::isfinite(each) ? std::max(greatest, each) : INFINITY;
  }
  return greatest;
}

/// Whether the formulas of backprop.hpp are about this network.
bool derived_by_hand(const Recipe& recipe) {
  return recipe.hidden.size() == 1 && recipe.activation == "sigmoid";
}

/// A line of the table: one parameter's gradient, three ways.
struct Comparison {
  std::string name;
  Matrix* parameter;
  Matrix gradient = {};             ///< From the tape.
  std::optional<double> hand = {};  ///< Greatest difference from the formulas.
  double differences = 0;           ///< Greatest difference from a sample of central differences.
  std::size_t elements = 0;         ///< The size of the sample.

  /// The rounding of a loss limits what its differences can show of gradients that have vanished.
  bool agrees() const {
    constexpr double rounding = 1e-9;
    const double scale = largest(gradient);
    return hand.value_or(0) <= tolerance_by_hand * scale &&
           differences <= tolerance_by_differences * scale + rounding;
  }

  double relative(double difference) const {
    return difference == 0 ? 0 : difference / largest(gradient);
  }

  GradientComparison summary() const {
    return {.name = name,
            .shape = gradient.shape(),
            .by_hand = hand ? std::optional(relative(*hand)) : std::nullopt,
            .by_differences = relative(differences),
            .elements = elements,
            .agrees = agrees()};
  }
};

void compare_by_hand(std::vector<Comparison>& rows, const Matrix& x, const Matrix& y) {
  const Gradients<double> hand = backprop(Weights<double>{*rows[0].parameter, *rows[1].parameter,
                                                          *rows[2].parameter, *rows[3].parameter},
                                          x, y);
  const Matrix* gradients[] = {&hand.dw1, &hand.db1, &hand.dw2, &hand.db2};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].hand = greatest_difference(*gradients[i], rows[i].gradient);
  }
}

void compare_by_differences(std::vector<Comparison>& rows, const auto& loss, std::uint64_t seed) {
  for (Comparison& row : rows) {
    const auto result = xtape::gradcheck(loss, {row.parameter},
                                         {.relative_tolerance = 0,
                                          .absolute_tolerance = 1,  // makes the worst the greatest
                                          .max_elements = sampled_elements,
                                          .seed = seed});
    row.differences = result.worst.front().error;
    row.elements = result.compared;
  }
}

void print(const GradientCheck& check, std::size_t batch_size) {
  fmt::print(
      "Gradients of the first {} images in double precision: the greatest difference between the "
      "tape's\nand others, relative to the largest gradient of each parameter\n",
      batch_size);
  fmt::print("      shape         by hand   by finite differences\n");
  for (const GradientComparison& row : check.parameters) {
    fmt::print("{:4}  {:12}  {:>7}   {:.1e} ({} elements){}\n", row.name,
               fmt::format("{}", row.shape),
               row.by_hand ? fmt::format("{:.1e}", *row.by_hand) : "-", row.by_differences,
               row.elements, row.agrees ? "" : "  DISAGREE");
  }
  fmt::print("\n");
}

}  // namespace

GradientCheck::operator bool() const {
  return std::all_of(parameters.begin(), parameters.end(),
                     [](const GradientComparison& each) { return each.agrees; });
}

GradientCheck check_gradients(const Recipe& recipe, std::uint64_t seed, const nn::Dataset& data,
                              bool verbose) {
  xtape::Rng rng{seed};
  Recipe certain = recipe;
  certain.dropout = 0;  // which would give each loss another network
  auto network = make_network<double>(certain, data.features(), rng);
  std::vector<Comparison> rows;
  nn::for_each_parameter(network, [&](const nn::ParameterName&, Matrix& parameter) {
    rows.push_back(
        {fmt::format("d{}{}", rows.size() % 2 == 0 ? 'W' : 'b', rows.size() / 2 + 1), &parameter});
  });

  nn::Batches batches(data, std::min(recipe.batch_size, max_batch), recipe.pixels());
  const nn::Batch batch = *batches.begin();
  const auto loss = [&](xtape::Tape<double>& tape) {
    return nn::SoftmaxCrossEntropy{}(network(tape.constant(batch.images)), batch.labels);
  };
  xtape::Tape<double> tape;
  tape.backward(loss(tape));
  for (Comparison& row : rows) {
    row.gradient = tape.grad(*row.parameter);
  }

  if (derived_by_hand(recipe)) {
    Matrix x;
    batch.images(x);
    compare_by_hand(rows, x, nn::one_hot<double>(batch.labels, classes));
  }
  compare_by_differences(rows, loss, seed);
  GradientCheck check;
  for (const Comparison& row : rows) {
    check.parameters.push_back(row.summary());
  }
  if (verbose) {
    print(check, batch.size());
    flush_output();
  }
  if (!check) {
    complain("the gradients disagree; mnist check-gradients prints a table");
  }
  return check;
}

}  // namespace mnist
