#include "examples/backprop/gradient_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "examples/cli/output.hpp"

namespace by_hand {
namespace {

namespace nn = xtape::nn;
using Matrix = xtape::Array<double>;

constexpr double tolerance_by_hand = 1e-12;
// What rounding leaves, relative to the largest gradient of the layer. Batch norm takes away the
// scale of a filter of one pixel, so the filter's gradient is what is left of sums that cancel.
constexpr double rounding_by_hand = 1e-11;
constexpr double tolerance_by_differences = 1e-6;
constexpr double rounding = 1e-9;  // the rounding error of a difference of losses
constexpr std::size_t sampled_elements = 20;

double largest(const Matrix& array) {
  double result = 0;
  for (const double element : array.storage()) {
    result = std::max(result, std::abs(element));
  }
  return result;
}

/// Returns the number of the layer in the name of a parameter: "1" in "dW1".
std::string_view number_in(std::string_view name) {
  return name.substr(std::min(name.find_first_of("0123456789"), name.size()));
}

/// Returns the largest element of the gradients of the layer with this number.
double largest_of_layer(const std::vector<std::string>& names, const std::vector<Matrix>& gradients,
                        std::string_view number) {
  double result = 0;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (number_in(names[i]) == number) {
      result = std::max(result, largest(gradients[i]));
    }
  }
  return result;
}

/// Returns max |a - b|, or infinity if a number is not finite.
double greatest_difference(const Matrix& a, const Matrix& b) {
  double greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double each = std::abs(a.data()[i] - b.data()[i]);
    greatest =
        std::isfinite(each) ? std::max(greatest, each) : std::numeric_limits<double>::infinity();
  }
  return greatest;
}

std::vector<Matrix*> parameters_of(nn::Sequential<double>& network) {
  std::vector<Matrix*> parameters;
  nn::for_each_parameter(network, [&](const nn::ParameterName&, Matrix& parameter) {
    parameters.push_back(&parameter);
  });
  return parameters;
}

/// Returns the output of the first layers, which have no parameters.
Matrix inputs_of(const nn::Sequential<double>& network, const nn::Batch& batch,
                 std::size_t prepare) {
  xtape::Tape<double> tape;
  auto x = tape.constant(batch.inputs);
  for (std::size_t i = 0; i < prepare; ++i) {
    x = network[i](x);
  }
  return x.value();
}

std::string some(std::size_t count, const char* what) {
  return count > 0 ? fmt::format(", {} {}", count, what) : "";
}

void print(const GradientCheck& check, std::size_t batch_size) {
  std::size_t name_width = 4, shape_width = 12;
  for (const GradientComparison& row : check.parameters) {
    name_width = std::max(name_width, row.name.size());
    shape_width = std::max(shape_width, fmt::format("{}", row.shape).size());
  }
  cli::print_output(
      "Gradients of {} images in double precision: the greatest difference between the "
      "tape's\nand others, relative to the largest gradient of each parameter\n",
      batch_size);
  cli::print_output("{:{}}  {:{}}  by hand   by finite differences\n", "", name_width, "shape",
                    shape_width);
  for (const GradientComparison& row : check.parameters) {
    cli::print_output("{:{}}  {:{}}  {:>7.1e}   {:.1e} ({} elements{}{}){}\n", row.name, name_width,
                      fmt::format("{}", row.shape), shape_width, row.by_hand, row.by_differences,
                      row.elements, some(row.at_kinks, "at kinks"),
                      some(row.undecided, "undecided"), row.agrees ? "" : "  DISAGREE");
  }
  if (check.undecided > 0) {
    cli::print_output(
        "{} of {} elements are undecided: near kinks, differences do not settle. There the "
        "formulas decide.\n",
        check.undecided, check.elements);
  }
  cli::print_output("\n");
}

/// True if all pixels of an image have the same colour.
bool is_blank(const auto& image, std::size_t channels) {
  return std::equal(image.begin() + static_cast<std::ptrdiff_t>(channels), image.end(),
                    image.begin());
}

/// Returns the places of the first `count` images that are not blank, or of fewer if there are
/// fewer. If there is none, returns the places of the first `count` images.
std::vector<std::size_t> not_blank(const nn::Samples& images, std::size_t count) {
  const std::size_t size = images.sample_size();
  const std::size_t channels = images.shape().size() == 3 ? images.shape()[2] : 1;
  std::vector<std::size_t> rows;
  images.visit([&](const auto all) {
    for (std::size_t row = 0; row < images.size() && rows.size() < count; ++row) {
      if (!is_blank(all.subspan(row * size, size), channels)) {
        rows.push_back(row);
      }
    }
  });
  if (rows.empty()) {
    rows.resize(std::min(count, images.size()));
    std::iota(rows.begin(), rows.end(), std::size_t{0});
  }
  return rows;
}

}  // namespace

bool GradientCheck::agrees() const {
  return std::all_of(parameters.begin(), parameters.end(),
                     [](const GradientComparison& each) { return each.agrees; });
}

GradientCheck compare_gradients(nn::Sequential<double>& network, const Formulas& formulas,
                                const nn::Batch& batch, std::uint64_t seed) {
  const auto loss = [&](xtape::Tape<double>& tape) {
    return nn::SoftmaxCrossEntropy{}(network(tape.constant(batch.inputs)), batch.targets);
  };
  xtape::Tape<double> tape;
  tape.backward(loss(tape));
  const std::vector<Matrix*> parameters = parameters_of(network);
  const Matrix targets = nn::one_hot<double>(batch.targets, formulas.dense.layers.back().b.size());
  const std::vector<Matrix> by_hand =
      backprop(formulas, inputs_of(network, batch, formulas.prepare), targets);
  xtape::require<xtape::ValueError>(by_hand.size() == parameters.size(),
                                    "there are formulas for {} parameters of {}", by_hand.size(),
                                    parameters.size());
  GradientCheck check;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const double scale = largest(by_hand[i]);
    const double layer = largest_of_layer(formulas.names, by_hand, number_in(formulas.names[i]));
    const auto relative = [&](double error) { return error == 0 ? 0 : error / scale; };
    const double error = greatest_difference(by_hand[i], tape.grad(*parameters[i]));
    const auto differences =
        xtape::gradcheck(loss, {parameters[i]},
                         {.relative_tolerance = 0,
                          .absolute_tolerance = tolerance_by_differences * scale + rounding,
                          .max_elements = sampled_elements,
                          .seed = seed});
    check.elements += differences.compared;
    check.undecided += differences.undecided;
    check.parameters.push_back(
        {.name = formulas.names[i],
         .shape = parameters[i]->shape(),
         .by_hand = relative(error),
         .by_differences = relative(differences.worst.front().error),
         .elements = differences.compared,
         .at_kinks = differences.at_kinks,
         .undecided = differences.undecided,
         .agrees = error <= tolerance_by_hand * scale + rounding_by_hand * layer &&
                   differences.failed == 0});
  }
  return check;
}

GradientCheck check_gradients(nn::Sequential<double>& network, const nn::Dataset& data,
                              std::size_t count, std::uint64_t seed, bool verbose) {
  const std::vector<std::size_t> rows = not_blank(data.features, count);
  const nn::Dataset chosen{data.features.gather(rows), data.targets.gather(rows)};
  nn::Batches batches(chosen, std::max<std::size_t>(rows.size(), 1));
  const nn::Batch batch = *batches.begin();
  GradientCheck check = compare_gradients(network, formulas_of(network), batch, seed);
  if (verbose) {
    print(check, batch.size());
    cli::try_flush_output();
  }
  if (!check.agrees()) {
    cli::complain(fmt::format("the gradients disagree; {} check-gradients prints a table",
                              cli::program_name()));
  } else if (!check.decided()) {
    cli::complain(fmt::format("differences decide {} of {} gradients, expected at least half",
                              check.elements - check.undecided, check.elements));
  }
  return check;
}

}  // namespace by_hand
