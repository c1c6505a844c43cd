#include <fmt/format.h>
#include <fmt/ranges.h>  // fmt::join

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "examples/cifar10/subject.hpp"
#include "examples/cli/epoch_lines.hpp"
#include "examples/images/train.hpp"
#include "examples/mnist/subject.hpp"

/// Trains the recipes of the programs mnist and cifar10 and compares the median accuracy with the
/// one that stands beside the recipe: ./run bench recipes [PROGRAM/NAME...]. Without names all but
/// `best`. Those of mnist have five seeds each, three for convolutions, and others one. Exit status
/// 1 when a recipe falls short. The data must be where the programs find them, for example in the
/// folder $XTAPE_DATA_DIR.

namespace {

/// A recipe of a program.
struct Trial {
  std::string name;  ///< "mnist/fast".
  double expected;
  std::uint64_t seeds;
  const images::Subject* subject;
  images::Course course;
};

std::vector<Trial> all_trials() {
  std::vector<Trial> all;
  for (const mnist::Recipe& recipe : mnist::recipes()) {
    const std::uint64_t seeds = recipe.name == "best" ? 1 : recipe.filters.empty() ? 5 : 3;
    all.push_back({"mnist/" + recipe.name, recipe.expected, seeds, &mnist::subject(),
                   mnist::course_of(recipe)});
  }
  for (const cifar10::Recipe& recipe : cifar10::recipes()) {
    all.push_back({"cifar10/" + recipe.name, recipe.expected, 1, &cifar10::subject(),
                   cifar10::course_of(recipe)});
  }
  return all;
}

/// Accuracy in percent and seconds of training for a seed.
struct Result {
  double accuracy;
  double seconds;
};

Result train(const Trial& trial, const images::Data& data, std::uint64_t seed) {
  xtape::Rng rng{seed};
  auto network = trial.course.make_network(data.train, rng);
  const xtape::nn::Run run{.epochs = trial.course.epochs, .summary = false};
  const images::Outcome outcome =
      images::train(network, {.subject = *trial.subject, .course = trial.course, .run = run}, data,
                    rng, {[] {}, [](const xtape::nn::EpochRecord&) {}});
  return {100 * outcome.kept->metric(cli::test_accuracy), outcome.seconds};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Prints a line. Returns true if the median accuracy is at least what is expected.
bool measure(const Trial& trial, const images::Data& data) {
  std::vector<double> accuracies, seconds;
  for (std::uint64_t seed = 1; seed <= trial.seeds; ++seed) {
    const auto [accuracy, time] = train(trial, data, seed);
    accuracies.push_back(accuracy);
    seconds.push_back(time);
  }
  const bool reached = median(accuracies) >= trial.expected;
  fmt::print("{:15}  {:8.2f}  {:6.2f}  {:7.2f}  {:.2f}{}\n", trial.name, trial.expected,
             median(accuracies), median(seconds), fmt::join(accuracies, " "),
             reached ? "" : "  FALLS SHORT");
  std::fflush(stdout);
  return reached;
}

images::Data data_of(const images::Subject& subject) {
  images::DataOptions options(subject);
  options.dataset = subject.datasets.front();
  return images::find_data(options).data;
}

/// Returns the trials of these names, or of all recipes but `best`. Throws ValueError for a name
/// that there is not.
std::vector<Trial> chosen(const std::vector<std::string>& names) {
  std::vector<Trial> all = all_trials();
  if (names.empty()) {
    std::erase_if(all, [](const Trial& trial) { return trial.name.ends_with("/best"); });
    return all;
  }
  std::vector<Trial> result;
  for (const std::string& name : names) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Trial& trial) { return trial.name == name; });
    xtape::require<xtape::ValueError>(found != all.end(),
                                      "there is no recipe '{}': expected a name such as "
                                      "mnist/fast or cifar10/fast",
                                      name);
    result.push_back(*found);
  }
  return result;
}

int run(const std::vector<std::string>& names) {
  const std::vector<Trial> trials = chosen(names);
  fmt::print("xtape {}, {}, {} threads\n", xtape::version(), xtape::gemm_backend(),
             xtape::thread_count());
  fmt::print("recipe           expected  median  seconds  accuracies in percent, by seed\n");
  bool all_reached = true;
  const images::Subject* subject = nullptr;
  images::Data data;
  for (const Trial& trial : trials) {
    if (trial.subject != subject) {
      subject = trial.subject;
      data = data_of(*subject);
    }
    all_reached = measure(trial, data) && all_reached;
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
