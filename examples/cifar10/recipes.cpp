#include "examples/cifar10/recipes.hpp"

#include "examples/cli/recipe_flags.hpp"
#include "examples/cli/validators.hpp"

namespace cifar10 {
namespace {

Recipe fast() {
  Recipe recipe;
  recipe.name = "fast";
  recipe.about = "in three minutes, with a small network; measured on lossy copies of the images";
  recipe.expected = 83.5;
  recipe.widths = {32, 64, 64};
  recipe.epochs = 7;
  return recipe;
}

Recipe best() {
  Recipe recipe;
  recipe.name = "best";
  recipe.about = "in half an hour; measured on lossy copies of the images";
  recipe.expected = 90.3;
  recipe.widths = {64, 256, 256};
  recipe.epochs = 16;
  return recipe;
}

/// Calls f with the ingredients. See examples/cli/recipe_flags.hpp.
template <class R, class F>
void visit_ingredients(R& recipe, F&& f) {
  const CLI::Validator count = cli::whole(1, 1000000);
  f.group("the network");
  f("widths", recipe.widths, "Channels of each group of layers, at most four, as in 64,128,128",
    cli::whole(1, 4096, "whole numbers from 1 to 4096 such as 64,128,128"));
  f("whitening", recipe.whitening, "Begin with fixed filters that whiten patches of pixels");
  f.group("gradient descent");
  f("epochs", recipe.epochs, "Passes over the training images", count);
  f("batch_size", recipe.batch_size, "Images per step", count);
  f("learning_rate", recipe.learning_rate,
    "Greatest step size, for the sum of 1024 losses and without what momentum adds", cli::finite());
  f("momentum", recipe.momentum, "Part of the last step kept, in [0, 1)", cli::share());
  f("weight_decay", recipe.weight_decay, "L2, of 1024 images", cli::finite());
  f("bias_rate", recipe.bias_rate, "Factor of the step size of batch norm's biases", cli::finite());
  f("warm_up", recipe.warm_up, "Part of all steps in which the step size rises, in [0, 1)",
    cli::share());
  f("label_smoothing", recipe.label_smoothing,
    "Part of each target that all classes share, in [0, 1)", cli::share());
  f("statistics_momentum", recipe.statistics_momentum,
    "Part of each batch in batch norm's running averages, from 0.001 to 1",
    cli::real(0.001, 1, "a number from 0.001 to 1"));
  f("average", recipe.average,
    "Predict by an average of the weights, which keeps this part of itself in each\n"
    "step, in [0, 1); 0: by the last weights",
    cli::share());
  f.group("the images");
  f("crop", recipe.crop, "Move training images by up to this many pixels, at most 16",
    cli::whole(0, 16));
  f("flip", recipe.flip, "Mirror them");
  f("cutout", recipe.cutout, "Cover a square of this side in them, at most 32", cli::whole(0, 32));
}

}  // namespace

void Recipe::visit(auto& self, auto&& f) { visit_ingredients(self, f); }

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all{fast(), Recipe{}, best()};
  return all;
}

const Recipe& find_recipe(const Recipe& changed) {
  return cli::find_recipe(recipes(), changed.name);
}

void add_flags(CLI::App& app, Recipe& recipe) { cli::add_recipe_flags(app, recipe, recipes()); }

std::vector<std::pair<std::string, std::string>> ingredients(const Recipe& recipe) {
  return cli::ingredients_of(recipe);
}

}  // namespace cifar10
