#include "examples/mnist/check_gradients.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "examples/cli/output.hpp"
#include "examples/mnist/backprop.hpp"
#include "examples/mnist/commands.hpp"
#include "examples/mnist/data.hpp"
#include "examples/mnist/network.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;
using xtape::Shape;
using Matrix = xtape::Array<double>;

constexpr double tolerance_by_hand = 1e-12;
constexpr double tolerance_by_differences = 1e-6;
constexpr double rounding = 1e-9;  // what differences of a loss can show of vanished gradients
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

/// What the first layer with weights gets, a row for each image.
Matrix inputs_of(const nn::Sequential<double>& network, const nn::Batch& batch) {
  xtape::Tape<double> tape;
  auto x = tape.constant(batch.inputs);
  for (std::size_t i = 0; i < network.size() && nn::parameter_count(network[i]) == 0; ++i) {
    x = network[i](x);
  }
  Matrix rows = x.value();
  rows.reshape(Shape{batch.size(), rows.size() / batch.size()});
  return rows;
}

/// The gradient of each parameter, by the formulas.
std::vector<Matrix> gradients_by_hand(const std::vector<Matrix*>& parameters,
                                      const std::string& activation, const Matrix& x,
                                      xtape::Indices labels) {
  Network<double> network{{}, find_activation<double>(activation)};
  for (std::size_t i = 0; i < parameters.size(); i += 2) {
    network.layers.push_back({*parameters[i], *parameters[i + 1]});
  }
  Gradients<double> gradients = backprop(network, x, nn::one_hot<double>(labels, classes));
  std::vector<Matrix> result;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    result.push_back(std::move(gradients.dw[l]));
    result.push_back(std::move(gradients.db[l]));
  }
  return result;
}

std::string some(std::size_t count, const char* what) {
  return count > 0 ? fmt::format(", {} {}", count, what) : "";
}

void print(const GradientCheck& check, std::size_t batch_size) {
  cli::print_output(
      "Gradients of the first {} images in double precision: the greatest difference between the "
      "tape's\nand others, relative to the largest gradient of each parameter\n",
      batch_size);
  cli::print_output("      shape         by hand   by finite differences\n");
  for (const GradientComparison& row : check.parameters) {
    cli::print_output("{:4}  {:12}  {:>7.1e}   {:.1e} ({} elements{}{}){}\n", row.name,
                      fmt::format("{}", row.shape), row.by_hand, row.by_differences, row.elements,
                      some(row.at_kinks, "at kinks"), some(row.undecided, "undecided"),
                      row.agrees ? "" : "  DISAGREE");
  }
  if (check.undecided > 0) {
    cli::print_output(
        "{} of {} elements are undecided: near kinks, differences do not settle. There the "
        "formulas decide.\n",
        check.undecided, check.elements);
  }
  cli::print_output("\n");
}

struct CheckOptions {
  cli::DataOptions data;
  Recipe recipe;
  cli::RunOptions run;
};

void add_flags(CLI::App& app, CheckOptions& options) {
  add_flags(app, options.data);
  add_flags(app, options.recipe);
  add_flags(app, options.run);
}

int run(const cli::Arguments& arguments) {
  const auto options = cli::parse_options<CheckOptions>(check_gradients_command, arguments);
  const xtape::nn::Mnist data = prepare(options.data, options.run).data;
  const GradientCheck gradients = check_gradients(options.recipe, options.run.seed, data.train);
  cli::flush_output();
  return gradients ? 0 : 1;
}

}  // namespace

bool GradientCheck::agrees() const {
  return std::all_of(parameters.begin(), parameters.end(),
                     [](const GradientComparison& each) { return each.agrees; });
}

GradientCheck compare_gradients(nn::Sequential<double>& network, const std::string& activation,
                                const nn::Batch& batch, std::uint64_t seed) {
  const auto loss = [&](xtape::Tape<double>& tape) {
    return nn::SoftmaxCrossEntropy{}(network(tape.constant(batch.inputs)), batch.targets);
  };
  xtape::Tape<double> tape;
  tape.backward(loss(tape));
  const std::vector<Matrix*> parameters = parameters_of(network);
  const std::vector<Matrix> by_hand =
      gradients_by_hand(parameters, activation, inputs_of(network, batch), batch.targets);
  GradientCheck check;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const double scale = largest(by_hand[i]);
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
        {.name = fmt::format("d{}{}", i % 2 == 0 ? 'W' : 'b', i / 2 + 1),
         .shape = parameters[i]->shape(),
         .by_hand = relative(error),
         .by_differences = relative(differences.worst.front().error),
         .elements = differences.compared,
         .at_kinks = differences.at_kinks,
         .undecided = differences.undecided,
         .agrees = error <= tolerance_by_hand * scale && differences.failed == 0});
  }
  return check;
}

GradientCheck check_gradients(const Recipe& recipe, std::uint64_t seed, const nn::Dataset& data,
                              bool verbose) {
  xtape::Rng rng{seed};
  Recipe certain = recipe;
  certain.dropout = 0;  // which would give each loss another network
  auto network = make_network<double>(certain, data.features.sample_size(), rng);
  nn::Batches batches(data, std::min(recipe.batch_size, max_batch));
  const nn::Batch batch = *batches.begin();
  GradientCheck check = compare_gradients(network, recipe.activation, batch, seed);
  if (verbose) {
    print(check, batch.size());
    cli::try_flush_output();
  }
  if (!check.agrees()) {
    cli::complain("the gradients disagree; mnist check-gradients prints a table");
  } else if (!check.decided()) {
    cli::complain(fmt::format("differences decide {} of {} gradients, expected at least half",
                              check.elements - check.undecided, check.elements));
  }
  return check;
}

const cli::Command check_gradients_command{
    "check-gradients", "Compare the gradients with those derived by hand and by differences",
    "Exit status 1 when they disagree. Examples:\n"
    "  mnist check-gradients --hidden 100,100 --activation gelu\n",
    run};

}  // namespace mnist
