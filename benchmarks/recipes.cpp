#include <fmt/format.h>
#include <fmt/ranges.h>  // fmt::join

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "examples/cli/epoch_lines.hpp"
#include "examples/images/train.hpp"
#include "examples/mnist/subject.hpp"

/// Trains the recipes of examples/mnist with five seeds each, three for convolutions, and compares
/// the median accuracy with the one that stands beside the recipe: ./run bench recipes [NAME...].
/// Without names all but `best`, which takes minutes and is trained once. Exit status 1 when a
/// recipe falls short.

namespace {

using mnist::Recipe;

/// Accuracy in percent and seconds of training for a seed.
struct Result {
  double accuracy;
  double seconds;
};

Result train(const Recipe& recipe, const images::Data& data, std::uint64_t seed) {
  xtape::Rng rng{seed};
  const images::Course course = mnist::course_of(recipe);
  auto network = course.make_network(data.train, rng);
  const xtape::nn::Run run{.epochs = recipe.epochs, .summary = false};
  const images::Outcome outcome =
      images::train(network, {.subject = mnist::subject(), .course = course, .run = run}, data, rng,
                    {[] {}, [](const xtape::nn::EpochRecord&) {}});
  return {100 * outcome.kept->metric(cli::test_accuracy), outcome.seconds};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Prints a line; returns whether the recipe reaches what is expected.
bool measure(const Recipe& recipe, const images::Data& data) {
  std::vector<double> accuracies, seconds;
  const std::uint64_t seeds = recipe.name == "best" ? 1 : recipe.filters.empty() ? 5 : 3;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto [accuracy, time] = train(recipe, data, seed);
    accuracies.push_back(accuracy);
    seconds.push_back(time);
  }
  const bool reached = median(accuracies) >= recipe.expected;
  fmt::print("{:8}  {:8.2f}  {:6.2f}  {:7.2f}  {:.2f}{}\n", recipe.name, recipe.expected,
             median(accuracies), median(seconds), fmt::join(accuracies, " "),
             reached ? "" : "  FALLS SHORT");
  std::fflush(stdout);
  return reached;
}

int run(std::vector<std::string> names) {
  if (names.empty()) {
    names = {"default", "post", "fast", "cnn"};
  }
  images::DataOptions options(mnist::subject());
  options.dataset = "mnist";
  const images::DataSource source = images::find_data(options);
  fmt::print("xtape {}, {}, {} threads\n", xtape::version(), xtape::gemm_backend(),
             xtape::thread_count());
  fmt::print("recipe    expected  median  seconds  accuracies in percent, by seed\n");
  bool all_reached = true;
  for (const std::string& name : names) {
    all_reached = measure(mnist::find_recipe(name), source.data) && all_reached;
  }
  return all_reached ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "recipes_benchmark: {}\n", error.what());
    return 1;
  }
}
