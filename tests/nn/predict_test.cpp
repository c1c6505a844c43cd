#include "nn/predict.hpp"

#include <vector>

#include "autograd/ops/matrix.hpp"
#include "autograd/ops/reductions.hpp"
#include "autograd/ops/shaping.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/sequential.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Variable;

TEMPLATE_TEST_CASE("predict is the model under NoGrad, whole and in batches", "[nn]", float,
                   double) {
  using T = TestType;
  xtape::Rng rng{1};
  const nn::Sequential<T> model{nn::Linear<T>(3, 2, rng), nn::Dropout{0.5}};
  const Array<T> x = random_normal<T>({7, 3}, rng);
  xtape::Tape<T> tape;
  const xtape::NoGrad<T> guard{tape};
  const Array<T> expected = model(tape.constant(x)).value();
  CHECK((nn::predict(model, x) == expected));
  for (std::size_t batch_size = 1; batch_size < 9; ++batch_size) {
    CHECK(xt::allclose(nn::predict(model, x, batch_size), expected));
  }
  const Array<T> none = nn::predict(model, Array<T>(Shape{0, 3}), 1);
  CHECK((none.shape() == Shape{0, 2}));
}

TEST_CASE("predict keeps the axes of an output, and takes scalars", "[nn]") {
  const auto twice = [](Variable<float> x) { return x + x; };
  CHECK((nn::predict(twice, Array<float>(Shape{}, 3.f)) == Array<float>(Shape{}, 6.f)));
  const Array<float> x(Shape{5, 2, 3}, 1.f);
  CHECK((nn::predict(twice, x, 2) == Array<float>(Shape{5, 2, 3}, 2.f)));
  CHECK((nn::predict(twice, Array<float>{1, 2, 3}, 2) == Array<float>{2, 4, 6}));
}

TEST_CASE("predict takes what writes the input itself", "[nn]") {
  const auto write = [](auto& out) { xtape::resize(out, Shape{2}), out.fill(3); };
  CHECK((nn::predict([](Variable<float> x) { return x; }, write) == Array<float>{3, 3}));
  CHECK((nn::predict<double>([](Variable<double> x) { return x; }, write) == Array<double>{3, 3}));
}

TEST_CASE("predict tells what does not fit", "[nn]") {
  const auto total = [](Variable<float> x) { return sum(x); };
  const Array<float> x(Shape{5, 2}, 1.f);
  CHECK(nn::predict(total, x)() == 10);
  CHECK_FAILS(nn::predict(total, x, 2), xtape::ShapeError,
              "predict: expected an output (2, ...) for a batch of 2, got (); give a batch_size "
              "that holds all of the input");
  const auto products = [](Variable<float> rows) { return matmul(rows, transpose(rows)); };
  CHECK(nn::predict(products, x).shape() == Shape{5, 5});
  CHECK_FAILS(nn::predict(products, x, 2), xtape::ShapeError,
              "predict: a batch gave (1, 1), which does not fit the result (5, 2); give a "
              "batch_size that holds all of the input");
  CHECK_FAILS(nn::predict(total, x, 0), xtape::ValueError,
              "predict: expected a batch_size of at least 1, got 0");
}
