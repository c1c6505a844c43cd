// What a tape of Dual numbers of Dual numbers has beside its ops. The build needs the option.
#ifdef XTAPE_NESTED_DUALS

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/parameters.hpp"
#include "nn/sequential.hpp"
#include "tensor/print.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

using Nested = Dual<Dual<double>>;

}  // namespace

TEST_CASE("tangents of tangents are second derivatives along both directions") {
  Tape<Nested> tape;
  const Array<double> x{0.5, -1}, along{1, 2}, across{3, -1};
  const auto at = tape.variable(x);
  tape.seed(at, along, across);
  const auto u = sin(at) * at;
  const auto slope = tangent(u), both = tangent(slope);
  for (std::size_t i = 0; i < 2; ++i) {
    const double first = std::cos(x(i)) * x(i) + std::sin(x(i));
    const double second = 2 * std::cos(x(i)) - std::sin(x(i)) * x(i);
    CHECK(value_of(slope.value()(i)) == Approx(first * across(i)));
    CHECK(value_of(both.value()(i)) == Approx(second * along(i) * across(i)));
    CHECK(value_of(primal(u).value()(i)) == value_of(u.value()(i)));
  }
  tape.rewind();
  const auto same = tape.variable(x);
  tape.seed(same, along);
  const auto v = sin(same);
  const auto product = tangent(v * tangent(v));
  const auto kept = tangent(tangent(primal(v) * same * same));
  for (std::size_t i = 0; i < 2; ++i) {
    const double square = along(i) * along(i);
    CHECK(value_of(product.value()(i)) == Approx(std::cos(2 * x(i)) * square));
    CHECK(value_of(kept.value()(i)) == Approx(2 * std::sin(x(i)) * square));
  }
}

namespace {

/// The loss of a network u for u'' + u = 0, on a tape of nested numbers.
struct Physics {
  nn::Sequential<Nested> u;
  Array<double> points, one;

  Variable<Nested> operator()(Tape<Nested>& tape) const {
    tape.rewind();
    const auto x = tape.variable(points);
    tape.seed(x, one);
    const auto y = u(x);
    return mean(square(tangent(tangent(y)) + y * tangent(y) + primal(y)));
  }
};

}  // namespace

TEST_CASE("a loss with a second derivative has the gradients that differences give") {
  Rng rng(1);
  nn::Sequential<Nested> u{nn::Linear<double>(1, 5, rng), nn::Tanh{}, nn::Linear<double>(5, 5, rng),
                           nn::GELU{}, nn::Linear<double>(5, 1, rng)};
  Physics physics{std::move(u), random_normal<double>(Shape{7, 1}, rng),
                  Array<double>(Shape{7, 1}, 1.0)};
  Tape<Nested> tape;
  tape.backward_primal(physics(tape));
  nn::Parameters<double> gradients;
  nn::copy_gradients(physics.u, tape, gradients);
  REQUIRE(gradients.size() == 6);
  std::size_t parameter = 0;
  nn::for_each_parameter(physics.u, [&](const nn::ParameterName&, Array<double>& w) {
    const Array<double>& gradient = gradients[parameter++];
    for (std::size_t i = 0; i < w.size(); ++i) {
      const double before = w.data()[i];
      double ends[2];
      for (const int side : {0, 1}) {
        w.data()[i] = before + (side == 0 ? 1e-5 : -1e-5);
        ends[side] = value_of(physics(tape).item());
      }
      w.data()[i] = before;
      CHECK(gradient.data()[i] == Approx((ends[0] - ends[1]) / 2e-5).epsilon(1e-5).margin(1e-7));
    }
  });
}

TEST_CASE("parameters move along two directions without being copied") {
  const Array<double> w{1, 2, 3}, along{1, 0, -1}, across{2, 1, 0};
  Tape<Nested> tape;
  tape.seed(w, along, across);
  const auto x = tape.parameter(w);
  const Storage<Nested>& parts = x.value().storage();
  CHECK(parts.values().value == w.data());
  CHECK(parts.values().tangent == along.data());
  CHECK(parts.tangents().value == across.data());
  tape.backward(sum(x * x * x * x));
  for (std::size_t i = 0; i < 3; ++i) {
    const Nested found = tape.grad(w).data()[i];
    CHECK(found.value.value == Approx(4 * std::pow(w(i), 3)));
    CHECK(found.value.tangent == Approx(12 * w(i) * w(i) * along(i)));
    CHECK(found.tangent.value == Approx(12 * w(i) * w(i) * across(i)));
    CHECK(found.tangent.tangent == Approx(24 * w(i) * along(i) * across(i)));
    CHECK(tape.gradient(w)[i] == found.value.value);
  }
  tape.rewind();
  CHECK_FAILS(tape.seed(w, along, Array<double>{1}), ShapeError,
              "seed: expected a direction (3), got (1)");
  const auto unseeded = tape.parameter(w);
  CHECK(unseeded.value().storage().is_constant());
  CHECK(to_string(Array<Nested>(Nested({1, 2}, {3, 4}))) == "() Dual<Dual<double>> 1+2e+(3+4e)e");
}

TEST_CASE("a storage of nested numbers keeps what it knows of its tangents") {
  Storage<Nested> numbers(5, Nested(2));
  CHECK_FALSE(numbers.is_constant());
  numbers.drop_tangents();
  CHECK(numbers.is_constant());
  const Storage<Nested> copy = numbers;
  CHECK(copy.is_constant());
  numbers.tangents().tangent[3] = 7;
  CHECK_FALSE(numbers.is_constant());
  CHECK(numbers[3] == Nested({2, 0}, {0, 7}));
  CHECK_FALSE(numbers[3] == Nested(2));
  CHECK(copy[3] == Nested(2));
  const std::vector<double> values{1, 2}, along{3, 4}, across{5, 6};
  numbers.borrow(values.data(), along.data(), across.data(), 2);
  CHECK(std::as_const(numbers)[1] == Nested({2, 4}, {6, 0}));
  numbers[1] = Nested(9);
  CHECK(values[1] == 2);
  CHECK(std::as_const(numbers)[0] == Nested({1, 3}, {5, 0}));
  Storage<Nested> empty;
  CHECK(empty.is_constant());
  empty = std::move(numbers);
  CHECK(empty.size() == 2);
}

#endif
