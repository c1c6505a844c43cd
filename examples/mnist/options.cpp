#include "examples/mnist/options.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

#include "tensor/version.hpp"

namespace mnist {
namespace {

/// The tutorial's own: small normal weights and plain gradient descent.
Recipe post_recipe() {
  Recipe recipe;
  recipe.initial_deviation = 0.01;
  recipe.epochs = 10;
  recipe.learning_rate = 0.01;
  recipe.momentum = 0;
  recipe.decay = false;
  return recipe;
}

const std::map<std::string, Recipe>& recipes() {
  static const std::map<std::string, Recipe> all{{"default", Recipe{}}, {"post", post_recipe()}};
  return all;
}

/// The flags that change one ingredient of the recipe. Their variables start as the recipe has
/// them.
void add_recipe_flags(CLI::App& app, Recipe& recipe) {
  app.add_option("--epochs", recipe.epochs, "Passes over the training images")
      ->check(CLI::PositiveNumber);
  app.add_option("--batch-size", recipe.batch_size, "Images per step")->check(CLI::PositiveNumber);
  app.add_option("--hidden", recipe.hidden, "Sizes of the hidden layers, as in 512,256")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  app.add_option("--activation", recipe.activation, "What follows each hidden layer")
      ->check(CLI::IsMember({"sigmoid", "tanh", "relu", "leaky_relu", "gelu"}));
  app.add_option("--learning-rate", recipe.learning_rate, "Step size of gradient descent")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--momentum", recipe.momentum, "Part of the last step that is kept")
      ->check(CLI::Range(0.0, 1.0));
}

void add_flags(CLI::App& app, Options& options) {
  app.add_option("--data", options.data, "Folder of the four MNIST files, raw or gzipped");
  app.add_option("--recipe", options.recipe_name,
                 "What the other flags start from: default, or post (the tutorial's own)")
      ->check(CLI::IsMember({"default", "post"}));
  add_recipe_flags(app, options.recipe);
  app.add_option("--seed", options.seed, "Seed of the first weights and of the order of images");
  app.add_option("--threads", options.threads, "Threads to compute with; default: all cores")
      ->check(CLI::PositiveNumber);
  app.add_flag("--check-gradients", options.check_gradients_only,
               "Only check the gradients; exit status 1 when they disagree");
}

/// Parses into `options`, whose recipe serves as the default of each flag.
void parse(int argc, const char* const* argv, Options& options) {
  CLI::App app{"Trains a small neural network to read handwritten digits.", "mnist"};
  app.option_defaults()->always_capture_default();
  app.set_version_flag("--version", std::string("mnist (xtape ") + xtape::version() + ")");
  add_flags(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    std::exit(app.exit(request));
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "mnist: {} (see mnist --help)\n", error.what());
    std::exit(2);
  }
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  Options named;
  parse(argc, argv, named);  // to learn the recipe, from which the second reading starts
  Options options;
  options.recipe = recipes().at(named.recipe_name);
  parse(argc, argv, options);
  return options;
}

}  // namespace mnist
