#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/no_grad.hpp"
#include "examples/cifar10/network.hpp"
#include "examples/cifar10/picture.hpp"
#include "examples/cifar10/subject.hpp"
#include "examples/images/train.hpp"
#include "nn/datasets/synthetic_shapes.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

namespace {

nn::Layer<float> stem(xtape::Rng& rng) {
  return nn::Conv2d<float>(cifar10::colours, cifar10::stem_channels, cifar10::stem_kernel, rng,
                           {.bias = false});
}

/// A network whose batch norm has seen a batch.
nn::Sequential<float> small_network(xtape::Rng& rng) {
  auto network = cifar10::make_network<float>({4, 6}, stem(rng), rng);
  xtape::Tape tape;
  Array<float> images(Shape{4, cifar10::side, cifar10::side, cifar10::colours});
  rng.fill_uniform(std::span<float>(images.storage()), 0, 1);
  network(tape.constant(images));
  nn::update_statistics(network, tape, 1);
  return network;
}

}  // namespace

TEST_CASE("cifar10: the step size rises along a line and falls along a line") {
  cifar10::Recipe recipe;
  recipe.epochs = 10;
  recipe.batch_size = 512;
  recipe.learning_rate = 10;
  recipe.momentum = 0.5;
  recipe.warm_up = 0.25;
  const auto optimizer = cifar10::make_optimizer(recipe, 10);
  const auto* sgd = dynamic_cast<nn::SGD<float>*>(optimizer.get());
  REQUIRE(sgd != nullptr);
  const double peak = 10 * 512.0 / 1024 / 3;
  const nn::LearningRate& rate = sgd->options.learning_rate;
  CHECK(rate(0) == Approx(0.2 * peak));
  CHECK(rate(25) == Approx(peak));
  CHECK(rate(100) == Approx(0.07 * peak));
  CHECK(rate(5) == Approx(0.36 * peak));
  CHECK(sgd->options.nesterov);
  CHECK(sgd->options.weight_decay == Approx(0.0153 / 10));
}

TEST_CASE("cifar10: pictures of one colour take no part in the proof of gradients") {
  const nn::Dataset shapes = nn::synthetic_shapes(1, 8, 2).train;
  const auto bytes = shapes.features.as<std::uint8_t>();
  std::vector<std::uint8_t> pixels(bytes.begin(), bytes.end());
  for (std::size_t i = 0; i < 2 * shapes.features.sample_size(); ++i) {
    pixels[i] = static_cast<std::uint8_t>(50 * (i % cifar10::colours));
  }
  const nn::Dataset begins_blank{nn::Samples(std::move(pixels), shapes.features.shape()),
                                 shapes.targets};
  cifar10::Recipe recipe;
  recipe.widths = {1};
  const images::Course course = cifar10::course_of(recipe);
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    CHECK(course.check_gradients(begins_blank, seed, false));
  }
}

TEST_CASE("cifar10: the biases of batch norm have a rate of their own, the last bias has none") {
  xtape::Rng rng{1};
  cifar10::Recipe recipe;
  recipe.widths = {4, 6};
  recipe.momentum = 0;
  recipe.weight_decay = 0;
  auto network = small_network(rng);
  const auto before = network;
  xtape::Tape tape;
  const Array<float> images(Shape{4, 32, 32, 3}, 0.5f);
  const auto y = network(tape.constant(images));
  tape.backward(sum(y));
  const auto optimizer = cifar10::make_optimizer(recipe, 10);
  const double rate = optimizer->learning_rate();
  optimizer->step(network, tape);
  const auto& linear = network.get<nn::Linear<float>>(network.size() - 1);
  CHECK(linear.bias(0) == Approx(-rate * tape.grad(linear.bias)(0)));
  const auto& norm = network.get<nn::BatchNorm<float>>(5);
  CHECK(norm.bias(0) ==
        Approx(before.get<nn::BatchNorm<float>>(5).bias(0) - 64 * rate * tape.grad(norm.bias)(0)));
}

TEST_CASE("cifar10: a model read back is the one that was saved") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const images::Model model{.network = small_network(rng), .class_names = {"cat"}};
  images::save_model(folder / "m", model);
  const images::Model again = cifar10::load_model(folder / "m");
  CHECK(again.features() == 3072);
  CHECK(again.class_names.size() == 10);
  const Array<float> images(Shape{2, 32, 32, 3}, 0.25f);
  CHECK((nn::predict(again.network, images) == nn::predict(model.network, images)));
}

TEST_CASE("cifar10: a file that holds no network is refused, and named") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const auto path = folder / "m";
  const auto refuses = [&](const nn::Sequential<float>& network, const std::string& reason) {
    nn::save_weights(path, network);
    CHECK_THROWS_WITH(cifar10::load_model(path), path.string() + ": " + reason);
  };
  refuses(nn::Sequential{nn::Linear(3, 5, rng)},
          "holds no network of cifar10: expected 1.weight to be (2, 2, 3, 24)");
  auto network = small_network(rng);
  network[3] = nn::Conv2d(24, 5, 3, rng, {.bias = false});
  refuses(network, "holds no network of cifar10: expected 3.weight to be (3, 3, 24, 4)");
  network = small_network(rng);
  network.get<nn::Linear<float>>(network.size() - 1).bias(2) =
      std::numeric_limits<float>::infinity();
  refuses(network, "parameter '19.bias' is inf at element 2");

  const std::string windows(std::size_t{4} * 2 * 2 * 3 * 24, '\1');
  const auto view = [](const char* name, const Shape& shape, std::string_view bytes) {
    return nn::TensorView{name, "F32", shape, std::as_bytes(std::span(bytes))};
  };
  nn::write_safetensors(path,
                        {view("1.weight", {2, 2, 3, 24}, windows),
                         view("3.weight", {3, 3, 24, 0}, ""), view("7.weight", {3, 3, 0, 0}, "")},
                        {});
  CHECK_THROWS_WITH(cifar10::load_model(path),
                    path.string() +
                        ": Conv2d: expected sizes of at least 1, got 24 -> 0, kernel "
                        "(3, 3), groups 1");
}

TEST_CASE("cifar10: there are at most four widths") {
  xtape::Rng rng{1};
  CHECK_NOTHROW(cifar10::make_network<float>({2, 2, 2, 2}, stem(rng), rng));
  CHECK_THROWS_WITH(cifar10::make_network<float>({2, 2, 2, 2, 2}, stem(rng), rng),
                    "--widths: 5 groups of layers do not fit into 32 x 32 pixels");
}

TEST_CASE("cifar10: the square in the middle of a picture is scaled by areas") {
  // Columns 1 to 2 of 2 x 4 pixels are the square.
  nn::ColourImage image{2, 4, {}};
  for (const int value : {9, 10, 20, 9, 9, 30, 40, 9}) {
    for (int colour = 0; colour < 3; ++colour) {
      image.pixels.push_back(static_cast<std::uint8_t>(value + colour));
    }
  }
  CHECK(images::scaled_square(image, 1).pixels == std::vector<std::uint8_t>{25, 26, 27});
  const nn::ColourImage larger = images::scaled_square(image, 3);
  CHECK(larger.rows == 3);
  CHECK(larger.columns == 3);
  CHECK(larger.pixels[0] == 10);
  CHECK(larger.pixels[3] == 15);
  CHECK(larger.pixels[3 * 4] == 25);
  CHECK(larger.pixels[3 * 8 + 2] == 42);
}

TEST_CASE("a mirrored subject predicts by the mean of an image and its mirror image") {
  xtape::Rng rng{1};
  nn::Sequential<float> network{nn::Linear(2, 1, rng)};
  auto& linear = network.get<nn::Linear<float>>(0);
  linear.weight(0, 0) = 1;
  linear.weight(1, 0) = 3;
  images::Subject subject = cifar10::subject();
  Array<float> image(Shape{1, 1, 2, 1});
  image(0, 0, 0, 0) = 1;
  image(0, 0, 1, 0) = 10;
  xtape::Tape tape;
  CHECK(images::Classifier(subject, network)(tape.constant(image)).value()(0, 0) == 22);
  subject.mirrored = false;
  CHECK(images::Classifier(subject, network)(tape.constant(image)).value()(0, 0) == 31);
}
