#include "examples/mnist/recipes.hpp"

#include <fmt/format.h>

#include "examples/cli/recipe_flags.hpp"
#include "examples/cli/validators.hpp"

namespace mnist {
namespace {

Recipe post() {
  Recipe recipe;
  recipe.name = "post";
  recipe.about = "the tutorial's own: small normal weights, plain gradient descent";
  recipe.expected = 87.3;
  recipe.initial_deviation = 0.01;
  recipe.epochs = 10;
  recipe.learning_rate = 0.01;
  recipe.momentum = 0;
  recipe.schedule = "constant";
  return recipe;
}

/// 98 % in the fewest seconds.
Recipe fast() {
  Recipe recipe;
  recipe.name = "fast";
  recipe.about = "in the fewest seconds";
  recipe.expected = 98.15;
  recipe.hidden = {256};
  recipe.activation = "relu";
  recipe.standardize = true;
  recipe.epochs = 6;
  recipe.batch_size = 128;
  recipe.learning_rate = 0.1;
  return recipe;
}

/// Convolutions read a digit wherever it is.
Recipe cnn() {
  Recipe recipe;
  recipe.name = "cnn";
  recipe.about = "a convolutional network, in less than a minute";
  recipe.expected = 99.3;
  recipe.filters = {16, 32};
  recipe.activation = "relu";
  recipe.standardize = true;
  recipe.augment = {.shift = 2};
  recipe.epochs = 8;
  recipe.batch_size = 128;
  recipe.optimizer = "nesterov";
  recipe.learning_rate = 0.1;
  recipe.weight_decay = 5e-4;
  recipe.warm_up = 2;
  recipe.label_smoothing = 0.05;
  return recipe;
}

/// The same with more filters, dropout, and images that are also turned, scaled and sheared.
Recipe best() {
  Recipe recipe = cnn();
  recipe.name = "best";
  recipe.about = "the most that ten minutes on two cores give, with distorted images";
  recipe.expected = 99.5;
  recipe.filters = {32, 64};
  recipe.hidden = {256};
  recipe.dropout = 0.3;
  recipe.augment = {.shift = 2, .rotation = 10, .scale = 0.1, .shear = 0.1};
  recipe.epochs = 24;
  return recipe;
}

/// The ingredients without a flag of their own, as text.
///@{
std::string text_of(const std::optional<double>& deviation) {
  return deviation ? fmt::format("{}", *deviation) : "Glorot's";
}
std::string text_of(const xtape::nn::AugmentOptions& augment) {
  return augment.any()
             ? fmt::format("shift {}, rotation {}, scale {}, shear {}, elastic {}, sigma {}",
                           augment.shift, augment.rotation, augment.scale, augment.shear,
                           augment.elastic, augment.smoothing)
             : "none";
}
///@}

/// Calls f with the ingredients of the network: the name, the ingredient, and for its flag what
/// --help says and which values are accepted. See examples/cli/recipe_flags.hpp.
template <class R, class F>
void visit_network(R& recipe, F&& f) {
  f("filters", recipe.filters,
    "Filters of each convolution, as in 16,32. Batch norm, the activation and a pool\n"
    "that halves the image follow each",
    cli::whole(1, 10000, "whole numbers from 1 to 10000 such as 16,32"));
  f("kernel", recipe.kernel, "Rows and columns of a filter", cli::whole(1, 100));
  f("hidden", recipe.hidden, "Sizes of the hidden layers, as in 512,256",
    cli::whole(1, 100000, "whole numbers from 1 to 100000 such as 512,256"));
  f("activation", recipe.activation,
    "What follows each hidden layer: sigmoid, tanh, relu, leaky_relu or gelu",
    cli::one_of({"sigmoid", "tanh", "relu", "leaky_relu", "gelu"}));
  f("initial_deviation", text_of(recipe.initial_deviation));
  f("dropout", recipe.dropout, "Part of each hidden layer that a step leaves out, in [0, 1)",
    cli::share());
}

/// The same with the ingredients of gradient descent.
template <class R, class F>
void visit_descent(R& recipe, F&& f) {
  const CLI::Validator count = cli::whole(1, 1000000);
  f("epochs", recipe.epochs, "Passes over the training images", count);
  f("batch_size", recipe.batch_size, "Images per step", count);
  f("optimizer", recipe.optimizer, "sgd, nesterov, adam or adamw",
    cli::one_of({"sgd", "nesterov", "adam", "adamw"}));
  f("learning_rate", recipe.learning_rate, "Step size of gradient descent", cli::finite());
  f("momentum", recipe.momentum, "Of sgd and nesterov: part of the last step kept, in [0, 1)",
    cli::share());
  f("weight_decay", recipe.weight_decay,
    "L2: this times a weight is added to its gradient (adamw: the weights shrink)", cli::finite());
  f("schedule", recipe.schedule,
    "How the learning rate falls: constant, linear and cosine (to 0), step (to a tenth\n"
    "after each third of the epochs)",
    cli::one_of({"constant", "linear", "cosine", "step"}));
  f("warm_up", recipe.warm_up, "Epochs in which the learning rate rises first", cli::finite());
  f("label_smoothing", recipe.label_smoothing,
    "Part of each target that all digits share, in [0, 1)", cli::share());
}

CLI::Validator up_to(double greatest) {
  return cli::real(0, greatest, fmt::format("a number from 0 to {}", greatest));
}

/// The same with how images are distorted.
template <class A, class F>
void visit_augment(A& augment, F&& f) {
  using Options = xtape::nn::AugmentOptions;
  f.flag("shift", augment.shift, "Move training images by up to this many pixels, at most 10000",
         up_to(Options::max_shift));
  f.flag("rotation", augment.rotation, "Turn them by up to this many degrees, at most 360",
         up_to(Options::max_rotation));
  f.flag("scale", augment.scale, "Scale them by up to this part, in [0, 1)", cli::share());
  f.flag("shear", augment.shear, "Shear them by up to this slope, at most 10",
         up_to(Options::max_shear));
  f.flag("elastic", augment.elastic,
         "Deform them by random fields times this, at most 10000 (alpha of Simard et al. 2003)",
         up_to(Options::max_elastic));
  f.flag("elastic_sigma", augment.smoothing,
         "Pixels over which these fields are smoothed, from 0.5 to 64",
         cli::real(0.5, 64, "a number from 0.5 to 64"));
}

/// The same with what is done to the images.
template <class R, class F>
void visit_images(R& recipe, F&& f) {
  f("standardize", recipe.standardize,
    "Scale pixels by the mean and the deviation of MNIST's, instead of to [0, 1]");
  f("augment", text_of(recipe.augment));
  visit_augment(recipe.augment, f);
}

}  // namespace

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all{Recipe{}, post(), fast(), cnn(), best()};
  return all;
}

const Recipe& find_recipe(std::string_view name) { return cli::find_recipe(recipes(), name); }

void Recipe::visit(auto& self, auto&& f) {
  f.group("the network");
  visit_network(self, f);
  f.group("gradient descent");
  visit_descent(self, f);
  f.group("the images");
  visit_images(self, f);
}

void add_flags(CLI::App& app, Recipe& recipe) { cli::add_recipe_flags(app, recipe, recipes()); }

std::vector<std::pair<std::string, std::string>> ingredients(const Recipe& recipe) {
  return cli::ingredients_of(recipe);
}

}  // namespace mnist
