#include "examples/mnist/subject.hpp"

#include "examples/mnist/check_gradients.hpp"
#include "examples/mnist/model_file.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/optimizer.hpp"
#include "examples/mnist/picture.hpp"
#include "nn/data/idx.hpp"
#include "nn/datasets/datasets.hpp"
#include "nn/datasets/synthetic_digits.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;

images::Data data_of(nn::Mnist&& mnist) { return {mnist.train, mnist.test}; }

nn::BatchOptions batch_options(const Recipe& recipe) {
  nn::BatchOptions options;
  if (recipe.augment.any()) {
    options.transform = nn::Augment(recipe.augment);
  }
  return options;
}

}  // namespace

const images::Subject& subject() {
  static const images::Subject digits{
      .program = "mnist",
      .datasets = {"mnist", "fashion"},
      .files = "four files",
      .formats = ", raw or gzipped",
      .drawn = "synthetic digits",
      .class_names = nn::datasets::known_dataset("mnist").class_names,
      .numbered = "an IDX file",
      .draw = [] { return data_of(nn::synthetic_digits()); },
      .read = [](const std::filesystem::path& folder) { return data_of(nn::read_mnist(folder)); },
      .read_picture = read_picture,
      .load_model = load_model};
  return digits;
}

images::Course course_of(const Recipe& recipe) {
  return {.recipe = recipe.name,
          .ingredients = ingredients(recipe),
          .epochs = recipe.epochs,
          .batch_size = recipe.batch_size,
          .batches = batch_options(recipe),
          .label_smoothing = recipe.label_smoothing,
          .facts = {{"activation", recipe.activation}},
          .make_network =
              [recipe](const nn::Dataset& train, xtape::Rng& rng) {
                return make_network<float>(recipe, train.features.shape(), rng);
              },
          .make_optimizer = [recipe](std::size_t steps) { return make_optimizer(recipe, steps); },
          .check_gradients =
              [recipe](const nn::Dataset& train, std::uint64_t seed, bool verbose) {
                return check_gradients(recipe, seed, train, verbose);
              }};
}

}  // namespace mnist
