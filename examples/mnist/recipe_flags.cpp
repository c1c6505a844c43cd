#include <fmt/format.h>

#include "examples/cli/validators.hpp"
#include "examples/mnist/recipes.hpp"

namespace mnist {
namespace {

/// A line for each recipe, for --help.
std::string described() {
  std::string text;
  for (const Recipe& recipe : recipes()) {
    text += fmt::format("\n  {:8} {} %: {}", recipe.name, recipe.expected, recipe.about);
  }
  return text;
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Recipe& recipe : recipes()) {
    all.push_back(recipe.name);
  }
  return all;
}

void add_number(CLI::App& app, const char* flag, double& value, const char* about,
                const CLI::Validator& accepted) {
  app.add_option(flag, value, about)->type_name("NUMBER")->check(accepted);
}

void add_count(CLI::App& app, const char* flag, std::size_t& value, const char* about) {
  app.add_option(flag, value, about)->type_name("NUMBER")->transform(cli::whole(1, 1000000));
}

void add_name(CLI::App& app, const char* flag, std::string& value, const char* about,
              const std::vector<std::string>& choices) {
  app.add_option(flag, value, about)->type_name("NAME")->check(cli::one_of(choices));
}

void add_network_flags(CLI::App& app, Recipe& recipe) {
  app.option_defaults()->group("Recipe: the network");
  app.add_option("--hidden", recipe.hidden, "Sizes of the hidden layers, as in 512,256")
      ->type_name("NUMBERS")
      ->take_all()
      ->delimiter(',')
      ->transform(cli::whole(1, 100000, "whole numbers from 1 to 100000 such as 512,256"));
  add_name(app, "--activation", recipe.activation,
           "What follows each hidden layer: sigmoid, tanh, relu, leaky_relu or gelu",
           {"sigmoid", "tanh", "relu", "leaky_relu", "gelu"});
  add_number(app, "--dropout", recipe.dropout,
             "Part of each hidden layer that a step leaves out, in [0, 1)", cli::share());
}

void add_descent_flags(CLI::App& app, Recipe& recipe) {
  app.option_defaults()->group("Recipe: gradient descent");
  add_count(app, "--epochs", recipe.epochs, "Passes over the training images");
  add_count(app, "--batch-size", recipe.batch_size, "Images per step");
  add_name(app, "--optimizer", recipe.optimizer, "sgd, adam or adamw", {"sgd", "adam", "adamw"});
  add_number(app, "--learning-rate", recipe.learning_rate, "Step size of gradient descent",
             cli::finite());
  add_number(app, "--momentum", recipe.momentum, "Of sgd: part of the last step kept, in [0, 1)",
             cli::share());
  add_number(app, "--weight-decay", recipe.weight_decay,
             "L2: this times a weight is added to its gradient (adamw: the weights shrink)",
             cli::finite());
  add_name(app, "--schedule", recipe.schedule,
           "How the learning rate falls: constant, linear and cosine (to 0), step (to a tenth\n"
           "after each third of the epochs)",
           {"constant", "linear", "cosine", "step"});
  add_number(app, "--warm-up", recipe.warm_up, "Epochs in which the learning rate rises first",
             cli::finite());
  add_number(app, "--label-smoothing", recipe.label_smoothing,
             "Part of each target that all digits share, in [0, 1)", cli::share());
}

CLI::Validator up_to(double greatest) {
  return cli::real(0, greatest, fmt::format("a number from 0 to {}", greatest));
}

void add_image_flags(CLI::App& app, Recipe& recipe) {
  app.option_defaults()->group("Recipe: the images");
  app.add_flag("--standardize,!--no-standardize", recipe.standardize,
               "Scale pixels to mean 0 and deviation 1 instead of [0, 1]");
  using Options = xtape::nn::AugmentOptions;
  Options& augment = recipe.augment;
  add_number(app, "--shift", augment.shift,
             "Move training images by up to this many pixels, at most 10000",
             up_to(Options::max_shift));
  add_number(app, "--rotation", augment.rotation,
             "Turn them by up to this many degrees, at most 360", up_to(Options::max_rotation));
  add_number(app, "--scale", augment.scale, "Scale them by up to this part, in [0, 1)",
             cli::share());
  add_number(app, "--shear", augment.shear, "Shear them by up to this slope, at most 10",
             up_to(Options::max_shear));
  add_number(app, "--elastic", augment.elastic,
             "Deform them by random fields times this, at most 10000 (alpha of Simard et al. 2003)",
             up_to(Options::max_elastic));
  add_number(app, "--elastic-sigma", augment.smoothing,
             "Pixels over which these fields are smoothed, from 0.5 to 64",
             cli::real(0.5, 64, "a number from 0.5 to 64"));
}

}  // namespace

void add_flags(CLI::App& app, Recipe& recipe) {
  app.option_defaults()->group("Recipe");
  app.add_option("--recipe", recipe.name, "What the flags of the recipe start from:" + described())
      ->type_name("NAME")
      ->check(cli::one_of(names()));
  add_network_flags(app, recipe);
  add_descent_flags(app, recipe);
  add_image_flags(app, recipe);
}

}  // namespace mnist
