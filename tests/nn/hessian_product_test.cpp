#include "nn/hessian_product.hpp"

#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/attention.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/embedding.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/group_norm.hpp"
#include "nn/layers/layer_norm.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/pooling.hpp"
#include "nn/layers/positions.hpp"
#include "nn/layers/recurrent.hpp"
#include "nn/layers/reshape.hpp"
#include "nn/layers/residual.hpp"
#include "nn/layers/standardize.hpp"
#include "nn/layers/transformer.hpp"
#include "nn/layers/upsample.hpp"
#include "nn/losses.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "nn/statistics.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

using Model = nn::Sequential<Dual<double>>;
using Vector = nn::Parameters<double>;

Vector random_like(const Model& model, Rng& rng) {
  Vector v = nn::parameters_like<double>(model);
  for (Array<double>& each : v) {
    rng.fill_normal(std::span<double>(each.storage()), 0, 1);
  }
  return v;
}

/// Returns the gradient on a tape of plain numbers.
template <class Loss>
Vector plain_gradient(const Model& model, const Loss& loss) {
  Tape<double> tape;
  tape.rng() = Rng();
  tape.backward(loss(tape));
  Vector gradient;
  nn::copy_gradients(model, tape, gradient);
  return gradient;
}

/// Checks the products of a model against differences of gradients of plain tapes, and that its
/// values and gradients are those of plain tapes.
void check_products(Model model, const Array<double>& x) {
  Rng rng(11);
  const auto loss = [&](auto& tape) { return mean(square(model(tape.constant(x)))); };
  nn::HessianProduct<double> product(model, loss);
  const Vector u = random_like(model, rng), v = random_like(model, rng);
  Vector hu, hv, gradient;
  product(u, hu);
  product(v, hv);
  CHECK(nn::dot(u, hv) == Approx(nn::dot(v, hu)).epsilon(1e-11).margin(1e-13));
  product.gradient(gradient);
  CHECK(gradient == plain_gradient(model, loss));
  Tape<double> plain;
  plain.rng() = Rng();
  CHECK(product.loss() == loss(plain).item());
  constexpr double h = 1e-5;
  nn::step_along(model, h, v);
  const Vector above = plain_gradient(model, loss);
  nn::step_along(model, -2 * h, v);
  const Vector below = plain_gradient(model, loss);
  double error = 0, size = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    error += xt::sum(xt::square(hv[i] - (above[i] - below[i]) / (2 * h)))();
    size += xt::sum(xt::square(hv[i]))();
  }
  CHECK(std::sqrt(error) < 1e-7 * std::sqrt(size) + 1e-9);
}

}  // namespace

TEST_CASE("Hessian-vector products of models agree with differences of gradients") {
  Rng rng(1);
  using nn::Conv2d, nn::Linear;
  const auto table = random_normal<double>({5, 4}, rng);
  check_products(Model{Linear<double>(4, 6, rng), nn::Tanh{}, Linear<double>(6, 3, rng)}, table);
  check_products(Model{Linear<double>(4, 4, rng), nn::LayerNorm<double>(4), nn::Sigmoid{},
                       nn::Residual<Dual<double>>{Linear<double>(4, 4, rng), nn::SiLU{}},
                       nn::Dropout(0.5), Linear<double>(4, 2, rng)},
                 table);
  const auto images = random_normal<double>({2, 6, 6, 2}, rng);
  check_products(
      Model{Conv2d<double>(2, 4, 3, rng), nn::GroupNorm<double>(2, 4), nn::Softplus{},
            nn::AvgPool2d(2), nn::Upsample2d(2), nn::Flatten{}, Linear<double>(64, 2, rng)},
      images);
  check_products(Model{nn::ConvTranspose2d<double>(2, 3, 3, rng), nn::GELU{}, nn::Reshape({64, 3}),
                       nn::Conv1d<double>(3, 2, 5, rng)},
                 images);
}

TEST_CASE("Hessian-vector products go through every layer without parameters") {
  Rng rng(12);
  const auto first = [&] { return nn::Linear<double>(4, 4, rng); };
  const auto table = random_normal<double>({5, 4}, rng);
  check_products(Model{first(), nn::ELU{.alpha = 0.5}, first(), nn::LeakyReLU{.slope = 0.25},
                       first(), nn::ReLU{}, first(), nn::Softmax{}},
                 table);
  check_products(Model{nn::Standardize<double>({1, 0, -1, 0}, {2, 1, 1, 2}), first(),
                       nn::Softplus{}, first(), nn::LogSoftmax{}},
                 table);
  const auto images = random_normal<double>({2, 6, 6, 2}, rng);
  check_products(Model{nn::Conv2d<double>(2, 3, 3, rng), nn::MaxPool2d(2), nn::GlobalAvgPool2d{}},
                 images);
}

TEST_CASE("Hessian-vector products of models of sequences agree with differences of gradients") {
  Rng rng(2);
  const Array<double> words{{1, 0, 3}, {4, 4, 2}};
  check_products(Model{nn::Embedding<double>(5, 4, rng), nn::SinusoidalPositions{},
                       nn::LearnedPositions<double>(3, 4, rng),
                       nn::TransformerBlock<double>(4, 2, rng, {.causal = true}),
                       nn::Linear<double>(12, 2, rng)},
                 words);
  check_products(Model{nn::Embedding<double>(5, 4, rng), nn::LSTM<double>(4, 3, rng),
                       nn::GRU<double>(3, 2, rng)},
                 words);
}

TEST_CASE("Hessian-vector products go through the statistics of a batch, and through fixed ones") {
  Rng rng(10);
  using nn::BatchNorm, nn::Linear;
  const auto table = random_normal<double>({6, 4}, rng);
  const auto images = random_normal<double>({3, 4, 4, 2}, rng);
  Model dense{Linear<double>(4, 5, rng),
              BatchNorm<double>(5),
              nn::Tanh{},
              Linear<double>(5, 3, rng),
              BatchNorm<double>(3, {.weight = false}),
              nn::Sigmoid{},
              BatchNorm<double>(3, {.weight = false, .bias = false}),
              Linear<double>(3, 2, rng)};
  Model convolutional{nn::Conv2d<double>(2, 3, 3, rng), BatchNorm<double>(3), nn::SiLU{},
                      nn::Flatten{}, Linear<double>(12, 2, rng)};
  check_products(dense, table);
  check_products(convolutional, images);
  Tape<double> tape;
  dense(tape.constant(table));
  nn::update_statistics(dense, tape);
  convolutional(tape.constant(images));
  nn::update_statistics(convolutional, tape);
  for (const std::size_t layer : {1UL, 4UL, 6UL}) {
    dense.get<BatchNorm<double>>(layer).fixed = true;
  }
  convolutional.get<BatchNorm<double>>(1).fixed = true;
  check_products(dense, table);
  check_products(convolutional, images);
}

TEST_CASE("A Sequential of Dual numbers is trained like any other") {
  Rng rng(3), again(3);
  nn::Sequential<Dual<float>> twice{nn::Linear(3, 4, rng), nn::Tanh{}, nn::Linear(4, 2, rng)};
  nn::Sequential<float> once{nn::Linear(3, 4, again), nn::Tanh{}, nn::Linear(4, 2, again)};
  const Array<float> x{{1, 2, 3}, {-1, 0, 1}};
  const std::vector<int> labels{0, 1};
  nn::SGD sgd_twice({.learning_rate = 0.1}), sgd_once({.learning_rate = 0.1});
  Tape<float> tape;
  const auto step = [&](auto& model, nn::SGD<float>& sgd) {
    tape.rewind();
    tape.backward(nn::SoftmaxCrossEntropy()(model(tape.constant(x)), labels));
    sgd.step(model, tape);
  };
  for (int i = 0; i < 3; ++i) {
    step(twice, sgd_twice);
    step(once, sgd_once);
  }
  CHECK((twice.get<nn::Linear<float>>(0).weight == once.get<nn::Linear<float>>(0).weight));
  CHECK(twice.table(Shape{3}) == once.table(Shape{3}));
  auto copy = twice;
  copy.get<nn::Linear<float>>(0).weight.fill(0);
  CHECK((twice.get<nn::Linear<float>>(0).weight == once.get<nn::Linear<float>>(0).weight));
  Tape<Dual<float>> dual;
  CHECK_FAILS(twice(dual.constant(Array<float>{{1, 2}})), ShapeError,
              "layer 0 (Linear 3 -> 4): expected (batch, 3), got (1, 2)");
}

TEST_CASE("Directions must fit the model, and the message names the parameter") {
  Rng rng(4);
  const Model model{nn::Linear<double>(3, 2, rng)};
  Vector v = nn::parameters_like<double>(model);
  REQUIRE(v.size() == 2);
  Tape<Dual<double>> tape;
  v[1] = Array<double>{1, 2, 3};
  CHECK_FAILS(nn::seed(model, v, tape), ShapeError,
              "seed: expected a direction (2) for '0.bias', got (3)");
  v.pop_back();
  CHECK_FAILS(nn::seed(model, v, tape), ShapeError, "seed: there is no direction for '0.bias' (2)");
  v.resize(3, Array<double>{1, 2});
  v[1] = Array<double>{1, 2};
  CHECK_FAILS(nn::seed(model, v, tape), ShapeError, "seed: got 3 directions for 2 parameters");
  CHECK(tape.size() == 0);
}

TEST_CASE("Parameters that the loss does not depend on have products of 0") {
  Rng rng(5);
  const Model used{nn::Linear<double>(2, 1, rng)}, unused{nn::Linear<double>(2, 1, rng)};
  const std::vector<Model> both{used, unused};
  const Array<double> x{{1, 2}};
  nn::HessianProduct<double> product(
      both, [&](auto& tape) { return sum(square(both[0](tape.constant(x)))); });
  Vector v = nn::parameters_like<double>(both);
  v[0](0, 0) = 1;
  product(v, v);
  REQUIRE(v.size() == 4);
  CHECK((v[0] == array_of<double>({2, 1}, {2, 4})));
  CHECK((v[1] == Array<double>{2}));
  CHECK((v[2] == array_of<double>({2, 1}, {0, 0})));
  CHECK((v[3] == Array<double>{0}));
  nn::HessianProduct<double> none(both, [](auto& tape) { return tape.constant(3.0); });
  none(v, v);
  CHECK((v[0] == array_of<double>({2, 1}, {0, 0})));
  CHECK(none.loss() == 3);
}

TEST_CASE("Repeated Hessian-vector products of a model allocate nothing") {
  COUNTING_OR_SKIP();
  Rng rng(6);
  const nn::Sequential<Dual<float>> model{nn::Linear(30, 20, rng), nn::BatchNorm(20), nn::Sigmoid{},
                                          nn::Linear(20, 10, rng)};
  const auto x = random_normal<float>({8, 30}, rng);
  const auto t = random_normal<float>({8, 10}, rng);
  nn::HessianProduct<float> product(
      model, [&](auto& tape) { return mse(model(tape.constant_view(x)), tape.constant_view(t)); });
  nn::Parameters<float> v = nn::parameters_like(model), out;
  v[0].fill(1);
  std::size_t before = 0;
  for (int round = 0; round < 5; ++round) {
    before = allocation_count();
    product(v, out);
  }
  CHECK(allocation_count() == before);
}

TEST_CASE("An optimizer takes a step along gradients from elsewhere") {
  Rng rng(8);
  nn::Sequential<double> model{nn::Linear<double>(2, 1, rng)}, other = model;
  Tape<double> tape;
  tape.backward(sum(square(model(tape.constant(Array<double>{{1, 2}})))));
  Vector gradients;
  nn::copy_gradients(model, tape, gradients);
  nn::SGD<double> sgd({.learning_rate = 0.1, .momentum = 0.9}), again = sgd;
  sgd.step(other, gradients);
  again.step(model, tape);
  CHECK((model.get<nn::Linear<double>>(0).weight == other.get<nn::Linear<double>>(0).weight));
  gradients[1] = Array<double>{1, 2};
  CHECK_FAILS(sgd.step(other, gradients), ShapeError,
              "SGD: parameter '0.bias' is (1), but its gradient (2)");
  gradients.pop_back();
  CHECK_FAILS(sgd.step(other, gradients), ShapeError, "SGD: there is no gradient for '0.bias' (1)");
  gradients.assign(3, Array<double>{1});
  gradients[0] = Array<double>(Shape{2, 1}, 0.0);
  CHECK_FAILS(sgd.step(other, gradients), ShapeError, "SGD: got 3 gradients for 2 parameters");
  CHECK((model.get<nn::Linear<double>>(0).weight == other.get<nn::Linear<double>>(0).weight));
}

TEST_CASE("Arrays beside parameters are multiplied, added and followed") {
  Vector a{Array<double>{1, 2}, array_of<double>({1, 1}, {3})};
  const Vector b{Array<double>{4, 5}, array_of<double>({1, 1}, {6})};
  CHECK(nn::dot(a, b) == 32);
  nn::add_scaled(a, 2, b);
  CHECK((a == Vector{Array<double>{9, 12}, array_of<double>({1, 1}, {15})}));
  const Vector short_one{Array<double>{4, 5}}, other{Array<double>{4, 5}, Array<double>{6}};
  CHECK_FAILS(nn::dot(a, short_one), ShapeError, "dot: got 2 and 1 arrays");
  CHECK_FAILS(nn::dot(a, other), ShapeError, "dot: array 1 is (1, 1), and (1)");
  CHECK_FAILS(nn::add_scaled(a, 1, short_one), ShapeError, "add_scaled: got 2 and 1 arrays");
  CHECK_FAILS(nn::add_scaled(a, 1, other), ShapeError, "add_scaled: array 1 is (1, 1), and (1)");
  Rng rng(9);
  Model model{nn::Linear<double>(2, 1, rng)};
  const Array<double> before = model.get<nn::Linear<double>>(0).weight;
  CHECK_FAILS(nn::step_along(model, 1, other), ShapeError,
              "step_along: expected a direction (2, 1) for '0.weight', got (2)");
  nn::step_along(model, 0.5, Vector{array_of<double>({2, 1}, {2, 4}), Array<double>{6}});
  CHECK((model.get<nn::Linear<double>>(0).weight == before + array_of<double>({2, 1}, {1, 2})));
  CHECK((model.get<nn::Linear<double>>(0).bias == Array<double>{3}));
}

TEST_CASE("Arrays beside parameters that were moved from are refused, and nothing changes") {
  Vector a{Array<double>{1, 2}}, moved = a;
  move_away(moved[0]);
  CHECK_THROWS_AS(nn::dot(a, moved), ShapeError);
  CHECK_THROWS_AS(nn::add_scaled(a, 1, moved), ShapeError);
  Rng rng(9);
  Model model{nn::Linear<double>(2, 1, rng)};
  const Array<double> before = model.get<nn::Linear<double>>(0).weight;
  Vector v{array_of<double>({2, 1}, {2, 4}), Array<double>{6}};
  move_away(v[1]);
  CHECK_THROWS_AS(nn::step_along(model, 1, v), ShapeError);
  CHECK((model.get<nn::Linear<double>>(0).weight == before));
}

TEST_CASE("A product of many floats keeps its digits") {
  const nn::Parameters<float> a{Array<float>{16777216, 1, 1}, Array<float>{1, 1}};
  CHECK(nn::dot(a, {Array<float>{1, 1, 1}, Array<float>{1, 1}}) == 16777220.F);
}

TEST_CASE("The gradient of a parameter that was resized is not copied") {
  Rng rng(9);
  Model model{nn::Linear<double>(2, 1, rng)};
  Tape<double> tape;
  tape.backward(sum(model(tape.constant(Array<double>(Shape{1, 2}, 1.0)))));
  Vector out;
  nn::copy_gradients(model, tape, out);
  CHECK((out[0] == Array<double>(Shape{2, 1}, 1.0)));
  model.get<nn::Linear<double>>(0).weight.resize(Shape{30, 20});
  CHECK_FAILS(nn::copy_gradients(model, tape, out), ShapeError,
              "copy_gradients: parameter '0.weight' is (30, 20), but its gradient (2, 1)");
}
