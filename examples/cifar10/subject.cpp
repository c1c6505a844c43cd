#include "examples/cifar10/subject.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "examples/cifar10/network.hpp"
#include "examples/cifar10/picture.hpp"
#include "nn/data/image_transforms.hpp"
#include "nn/datasets/synthetic_shapes.hpp"

namespace cifar10 {
namespace {

namespace nn = xtape::nn;

images::Data data_of(nn::Cifar10&& data) { return {data.train, data.test}; }

nn::Transform transform_of(const Recipe& recipe) {
  return nn::Compose{nn::RandomCrop{.padding = recipe.crop},
                     recipe.flip ? nn::Transform(nn::AlternatingFlip{}) : [](nn::Sample&) {},
                     nn::Cutout{.size = recipe.cutout}};
}

template <class T>
nn::Layer<T> stem_of(const Recipe& recipe, const nn::Dataset& train, xtape::Rng& rng) {
  if (!recipe.whitening) {
    return nn::Conv2d<T>(colours, stem_channels, stem_kernel, rng, {.bias = false});
  }
  constexpr std::size_t most = 5000;
  const nn::Samples images = train.features.slice(0, std::min(most, train.size()));
  return Stem<T>(nn::whitening_filters(nn::predict(standardize<float>(), images), stem_kernel));
}

template <class T>
nn::Sequential<T> network_of(const Recipe& recipe, const nn::Dataset& train, xtape::Rng& rng) {
  const nn::Layer<T> stem = stem_of<T>(recipe, train, rng);
  return make_network<T>(recipe.widths, stem, rng);
}

by_hand::GradientCheck check_gradients(const Recipe& recipe, const nn::Dataset& train,
                                       std::uint64_t seed, bool verbose) {
  xtape::Rng rng{seed};
  auto network = network_of<double>(recipe, train, rng);
  // A channel of dirac filters may be constant on few images. Batch norm after batch norm would
  // then magnify what is rounded.
  nn::for_each_parameter(network, [&](const nn::ParameterName&, xtape::Array<double>& weight) {
    if (weight.dimension() == 4) {
      nn::HeNormal{}(weight, rng);
    }
  });
  return by_hand::check_gradients(network, train, 2, seed, verbose);
}

}  // namespace

std::unique_ptr<nn::Optimizer<float>> make_optimizer(const Recipe& recipe,
                                                     std::size_t steps_per_epoch) {
  const double decoupled = 1024 * (1 + 1 / (1 - recipe.momentum));
  const double peak = recipe.learning_rate * static_cast<double>(recipe.batch_size) / decoupled;
  const double steps = static_cast<double>(recipe.epochs * steps_per_epoch);
  const double rise = std::max(1.0, std::floor(recipe.warm_up * steps));
  const double rate = recipe.bias_rate;
  const auto triangle = [=](std::size_t step) {
    const auto now = static_cast<double>(step);
    return peak * (now < rise ? 0.2 + 0.8 * now / rise
                              : 1 - 0.93 * (now - rise) / std::max(1.0, steps - rise));
  };
  return std::make_unique<nn::SGD<float>>(nn::SGDOptions{
      .learning_rate = triangle,
      .momentum = recipe.momentum,
      .nesterov = recipe.momentum > 0,
      .weight_decay = recipe.learning_rate > 0 ? recipe.weight_decay / recipe.learning_rate : 0,
      .factors = {{bias_of_linear(recipe.widths.size()), {}},
                  {"bias", {.rate = rate, .decay = rate > 0 ? 1 / rate : 1}}}});
}

const images::Subject& subject() {
  static const images::Subject colour_images{
      .program = "cifar10",
      .datasets = {"cifar10"},
      .files = "six binary files",
      .formats = "",
      .drawn = "synthetic shapes",
      .class_names = {nn::synthetic_shape_names.begin(), nn::synthetic_shape_names.end()},
      .numbered = "a binary file of CIFAR-10",
      .mirrored = true,
      .draw = [] { return data_of(nn::synthetic_shapes()); },
      .read = [](const std::filesystem::path& folder) { return data_of(nn::read_cifar10(folder)); },
      .read_picture = read_picture,
      .load_model = load_model};
  return colour_images;
}

images::Course course_of(const Recipe& recipe) {
  return {
      .recipe = recipe.name,
      .ingredients = ingredients(recipe),
      .epochs = recipe.epochs,
      .batch_size = recipe.batch_size,
      .batches = {.drop_last = true, .transform = transform_of(recipe)},
      .label_smoothing = recipe.label_smoothing,
      .statistics_momentum = recipe.statistics_momentum,
      .average = recipe.average,
      .make_network = [recipe](const nn::Dataset& train,
                               xtape::Rng& rng) { return network_of<float>(recipe, train, rng); },
      .make_optimizer = [recipe](std::size_t steps) { return make_optimizer(recipe, steps); },
      .check_gradients =
          [recipe](const nn::Dataset& train, std::uint64_t seed, bool verbose) {
            return check_gradients(recipe, train, seed, verbose);
          }};
}

}  // namespace cifar10
