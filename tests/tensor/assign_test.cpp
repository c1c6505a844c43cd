#include "tensor/assign.hpp"

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "tensor/elementwise.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/threads.hpp"

// clang-format off: two layouts of xtensor's headers.
#if __has_include(<xtensor/views/xview.hpp>)
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xview.hpp>
#endif
// clang-format on

using xtape::Array;
using xtape::assign;
using xtape::assign_into;
using xtape::Shape;
using xtape::ShapeError;

namespace {

/// Returns f(a, b, c), element by element over indices, broadcast to `shape`.
template <class T, class F>
Array<T> naive(const Shape& shape, const Array<T>& a, const Array<T>& b, const Array<T>& c, F f) {
  Array<T> out(shape);
  T* next = out.data();
  for_each_index(shape, [&](const std::vector<std::size_t>& index) {
    *next++ = f(a.data()[broadcast_offset(a.shape(), index)],
                b.data()[broadcast_offset(b.shape(), index)],
                c.data()[broadcast_offset(c.shape(), index)]);
  });
  return out;
}

template <class T>
Shape broadcast_shape(const Array<T>& a, const Array<T>& b, const Array<T>& c) {
  return xtape::broadcast_shapes("test", xtape::broadcast_shapes("test", a.shape(), b.shape()),
                                 c.shape());
}

/// True if shapes and elements are equal. Otherwise prints the shapes of the operands.
template <class T>
void require_equal(const Array<T>& out, const Array<T>& expected, const Array<T>& a,
                   const Array<T>& b, const Array<T>& c) {
  INFO(fmt::format("{}, {} and {} give {}", a.shape(), b.shape(), c.shape(), expected.shape()));
  REQUIRE(xtape::to_string(out.shape()) == xtape::to_string(expected.shape()));
  REQUIRE((out == expected));
}

/// Returns a shape of rank 0 to 4. Half of the time, its last axis fills several vector registers
/// and leaves a ragged tail.
Shape random_result_shape(xtape::Rng& rng) {
  Shape shape = random_shape(rng, 4, rng() % 8 == 0 ? 0 : 1);
  if (!shape.empty() && rng() % 2 == 0) {
    shape.back() = 1 + rng() % 70;
  }
  return shape;
}

}  // namespace

TEMPLATE_TEST_CASE("assign broadcasts every pattern as a loop over indices does", "", float,
                   double) {
  using T = TestType;
  xtape::Rng rng(1);
  Array<T> vectorised, plain;
  for (int round = 0; round < 1500; ++round) {
    const Shape shape = random_result_shape(rng);
    const auto a = random_integers<T>(random_operand_shape(shape, rng), rng);
    const auto b = random_integers<T>(random_operand_shape(shape, rng), rng);
    const auto c = random_integers<T>(random_operand_shape(shape, rng), rng);
    const Shape result = broadcast_shape(a, b, c);

    assign("test", vectorised, a * b + T(3) * c);
    require_equal(vectorised, naive(result, a, b, c, [](T x, T y, T z) { return x * y + 3 * z; }),
                  a, b, c);

    const auto f = [](T x, T y, T z) { return x > y ? z : x - y; };
    assign("test", plain, xtape::elementwise(f, a, b, c));
    require_equal(plain, naive(result, a, b, c, f), a, b, c);
  }
}

TEMPLATE_TEST_CASE("assign_into broadcasts to the shape that is there", "", float, double) {
  using T = TestType;
  xtape::Rng rng(2);
  for (int round = 0; round < 700; ++round) {
    Array<T> out(random_result_shape(rng));
    const auto a = random_integers<T>(random_operand_shape(out.shape(), rng), rng);
    const auto b = random_integers<T>(random_operand_shape(out.shape(), rng), rng);
    assign_into(out, a - b);
    require_equal(out, naive(out.shape(), a, b, b, [](T x, T y, T) { return x - y; }), a, b, b);
    assign_into(out, a);
    require_equal(out, naive(out.shape(), a, a, a, [](T x, T, T) { return x; }), a, a, a);
  }
}

TEMPLATE_TEST_CASE("out may be an operand where shapes are the same", "", float, double) {
  using T = TestType;
  xtape::Rng rng(3);
  for (int round = 0; round < 700; ++round) {
    Array<T> out = random_integers<T>(random_result_shape(rng), rng);
    const Array<T> before = out;
    const auto x = random_integers<T>(random_operand_shape(out.shape(), rng), rng);
    assign_into(out, out + x);
    Array<T> sum = naive(out.shape(), before, x, x, [](T o, T y, T) { return o + y; });
    require_equal(out, sum, before, x, x);
    assign("test", out, out * out);
    assign_into(sum, sum * sum);
    CHECK((out == sum));
  }
}

TEMPLATE_TEST_CASE("Rows of every length are evaluated to their last element", "", float, double) {
  using T = TestType;
  xtape::Rng rng(4);
  for (std::size_t columns = 0; columns < 140; ++columns) {
    const auto a = random_integers<T>(Shape{3, columns}, rng);
    const auto b = random_integers<T>(Shape{columns}, rng);
    Array<T> same, rows;
    assign("test", same, a + a);
    assign("test", rows, a + b);
    REQUIRE((same == naive(a.shape(), a, a, a, [](T x, T, T) { return 2 * x; })));
    REQUIRE((rows == naive(a.shape(), a, b, b, [](T x, T y, T) { return x + y; })));
  }
}

TEST_CASE("Scalars of other types are converted to the arrays' type") {
  const auto x = array_of(Shape{3}, {1.f, 2.f, 3.f});
  Array<float> out;
  assign("test", out, 2 * x + 0.5);
  CHECK((out == array_of(Shape{3}, {2.5f, 4.5f, 6.5f})));
  assign("test", out, x / 2);
  CHECK((out == array_of(Shape{3}, {0.5f, 1.f, 1.5f})));
  assign("test", out, x * 0.1);
  CHECK((out == array_of(Shape{3}, {1.f * 0.1f, 2.f * 0.1f, 3.f * 0.1f})));
}

TEST_CASE("Scalars beside an array of integers keep their fractions") {
  const Array<int> x{1, 2, 3, 4};
  Array<int> out;
  assign("test", out, x * 2.5);
  CHECK((out == Array<int>{2, 5, 7, 10}));
  assign("test", out, x < 2.5);
  CHECK((out == Array<int>{1, 1, 0, 0}));
  assign_into(out, x / 0.5);
  CHECK((out == Array<int>{2, 4, 6, 8}));
}

TEMPLATE_TEST_CASE("A cast is honoured, and scalars beside it take its type", "", float, double) {
  using T = TestType;
  constexpr std::size_t count = 35;
  Array<T> out;
  const auto all = [&](T expected) { return (out == Array<T>(Shape{count}, expected)); };
  const Array<T> x(Shape{count}, T(1)), sevens(Shape{count}, T(7));
  assign("test", out, xt::cast<double>(x) * 1e300 * 1e-300);
  CHECK(all(static_cast<T>(1e300 * 1e-300)));
  assign("test", out, (xt::cast<double>(x) + 1e-12 - 1.0) * 1e12);
  CHECK(all(static_cast<T>((1 + 1e-12 - 1) * 1e12)));
  assign("test", out, xt::where(x > T(0), 1e300, 0.0) * xt::cast<double>(x) * 1e-300 + x);
  CHECK(all(static_cast<T>(1e300 * 1e-300 + 1)));
  assign("test", out, xt::cast<float>(x) * 0.1F);
  CHECK(all(static_cast<T>(0.1F)));
  assign("test", out, xt::cast<float>(x) * 0.1 + x * 0.1);
  CHECK(all(T(0.1F) + T(0.1)));
  assign("test", out, xt::cast<int>(sevens) / 2 * 1.0);
  CHECK(all(T(3)));
  assign("test", out, xt::where(sevens > T(3), 5, 2) / 2);
  CHECK(all(T(2)));
  assign_into(out, xt::cast<double>(x) * 1e300 * 1e-300);
  CHECK(all(static_cast<T>(1e300 * 1e-300)));
}

TEST_CASE("Numbers of type double leave an expression of floats vectorised, a cast does not") {
  const Array<float> x(Shape{3}, 1.F);
  CHECK(decltype(xtape::detail::bind<float>(2.0 * x + 0.5))::vectorized);
  CHECK(decltype(xtape::detail::bind<float>(2 * xt::exp(x) / 3.0))::vectorized);
  CHECK_FALSE(decltype(xtape::detail::bind<float>(2.0 * xt::cast<double>(x)))::vectorized);
}

TEST_CASE("A lone scalar has the empty shape, whatever the array was before") {
  Array<float> out(Shape{2, 3});
  assign("test", out, xt::xscalar<float>(4.f));
  CHECK(xtape::to_string(out.shape()) == "()");
  CHECK(out() == 4.f);
  Array<float> filled(Shape{2, 3});
  assign_into(filled, xt::xscalar<float>(4.f));
  CHECK((filled == Array<float>(Shape{2, 3}, 4.f)));
}

TEMPLATE_TEST_CASE("Expressions that are more than functions of arrays are evaluated by xtensor",
                   "", float, double) {
  using T = TestType;
  xtape::Rng rng(5);
  const auto x = random_integers<T>(Shape{4, 19}, rng);
  const auto row = random_integers<T>(Shape{1, 19}, rng);
  Array<T> out;

  assign("test", out, xt::view(x, xt::range(1, 3), xt::all()) + row);
  REQUIRE(xtape::to_string(out.shape()) == "(2, 19)");
  for (std::size_t j = 0; j < 19; ++j) {
    CHECK(out(0, j) == x(1, j) + row(0, j));
    CHECK(out(1, j) == x(2, j) + row(0, j));
  }

  assign("test", out, xt::where(x > T(0), x, row));
  CHECK((out == naive(x.shape(), x, row, row, [](T a, T b, T) { return a > 0 ? a : b; })));

  assign("test", out, xt::cast<T>(xt::cast<int>(x) / 2) + row);
  CHECK((out == naive(x.shape(), x, row, row,
                      [](T a, T b, T) { return static_cast<T>(static_cast<int>(a) / 2) + b; })));

  const xt::xarray<int> integers = xt::cast<int>(x);
  assign("test", out, integers);
  CHECK((out == x));

  Array<T> stretched(Shape{3, 4, 19});
  assign_into(stretched, xt::view(x, xt::all(), xt::all()));
  CHECK((stretched == naive(stretched.shape(), x, x, x, [](T a, T, T) { return a; })));
}

TEMPLATE_TEST_CASE("Results do not depend on the number of threads", "[threads]", float, double) {
  using T = TestType;
  xtape::Rng rng(6);
  for (std::size_t count : {xtape::parallel_threshold - 1, xtape::parallel_threshold,
                            3 * xtape::parallel_threshold + 77}) {
    Array<T> x(Shape{count});
    rng.fill_normal(std::span(x.storage().data(), count), T(0), T(1));
    Array<T> one, two;
    {
      const Threads guard(1);
      assign("test", one, xt::exp(x) * T(0.1) + xt::tanh(x));
    }
    {
      const Threads guard(2);
      assign("test", two, xt::exp(x) * T(0.1) + xt::tanh(x));
    }
    CHECK((one == two));
    bool near = true;
    for (std::size_t i = 0; i < count; ++i) {
      const T expected = std::exp(x(i)) * T(0.1) + std::tanh(x(i));
      near = near && std::abs(one(i) - expected) < T(1e-5) * std::max(T(1), std::abs(expected));
    }
    CHECK(near);
  }
}

TEMPLATE_TEST_CASE("Threads share the rows of a broadcast operand", "[threads]", float, double) {
  using T = TestType;
  xtape::Rng rng(7);
  const Shape shape{7, xtape::parallel_threshold / 100, 17};
  const Shape others[] = {
      {17},          {1, 1, 17}, {1}, {shape[0], shape[1], 1}, {1, shape[1], 1}, {shape[0], 1, 17},
      {shape[1], 17}};
  const auto a = random_integers<T>(shape, rng);
  for (const Shape& other : others) {
    const auto b = random_integers<T>(other, rng);
    const auto expected = naive(shape, a, b, b, [](T x, T y, T) { return x - 2 * y; });
    for (const std::size_t threads : {1UL, 2UL, 3UL}) {
      const Threads guard(threads);
      Array<T> out;
      assign("test", out, a - T(2) * b);
      require_equal(out, expected, a, b, b);
    }
  }
}

TEST_CASE("Operands that do not broadcast are an error that names the operation") {
  const Array<float> a(Shape{2, 3}, 0.f), b(Shape{2}, 0.f);
  Array<float> out(Shape{7}, 5.f);
  CHECK_FAILS(assign("add", out, a + b), ShapeError, "add: shapes (2, 3) and (2) do not broadcast");
  CHECK_THROWS_WITH(assign("add", out, xt::view(a, xt::all()) + b),
                    "add: the operands' shapes do not broadcast");
  CHECK((out == Array<float>(Shape{7}, 5.f)));
}

TEMPLATE_TEST_CASE("An array that was moved from is no operand", "", float, double) {
  using T = TestType;
  const Array<T> x(Shape{2, 3}, T(1)), row(Shape{3}, T(1));
  Array<T> moved(Shape{2, 3}, T(1)), out(Shape{2, 3}, T(5));
  move_away(moved);
  const std::string what =
      "add: an array of shape (2, 3) holds 0 elements instead of 6: was it moved from?";
  const auto refused = [&](const auto& expression) {
    CHECK_FAILS(assign("add", out, expression), ShapeError, what);
    CHECK_THROWS_WITH(assign_into(out, expression, "add"), what);
    CHECK((out == Array<T>(Shape{2, 3}, T(5))));
  };
  refused(moved);
  refused(moved + x);
  refused(T(2) * (row - moved));
  refused(xt::cast<double>(moved) + x);
  refused(xt::where(x > T(0), moved, x));
  refused(xtape::elementwise([](T a, T b) { return a + b; }, x, moved));
  refused(xt::view(moved, xt::all(), xt::all()) + x);
  refused(xt::broadcast(moved, {2, 3}));
  CHECK_THROWS_WITH(assign_into(moved, x, "add"), what);
  assign("test", moved, x + x);  // a result gets its elements again
  CHECK(elements(moved) == std::vector<T>(6, T(2)));
}

TEST_CASE("An array of more axes than a mask has bits is no operand") {
  const Array<float> x(Shape{3}, 1.F), most(Shape(63, 1), 1.F), more(Shape(64, 1), 1.F);
  Array<float> out;
  assign("add", out, most + most);
  CHECK(out.dimension() == 63);
  CHECK_FAILS(assign("add", out, more + x), ShapeError,
              "add: an array has at most 63 axes, got 64");
  CHECK_THROWS_WITH(assign("add", out, xt::view(x, xt::newaxis()) * more),
                    "add: an array has at most 63 axes, got 64");
  CHECK_THROWS_AS(assign_into(out, more), ShapeError);
}

TEST_CASE("shape_of and stretches_to look at shapes only") {
  const Array<float> a(Shape{2, 1}), b(Shape{3}), scalar(Shape{});
  CHECK((xtape::shape_of<float>("add", a + b) == Shape{2, 3}));
  CHECK((xtape::shape_of<float>("add", xt::view(a, xt::all()) + b) == Shape{2, 3}));
  CHECK((xtape::shape_of<float>("add", xt::xscalar<float>(1.f) + xt::xscalar<float>(2.f)) ==
         Shape{}));

  CHECK(xtape::stretches_to<float>("add", a + b, Shape{2, 3}));
  CHECK(xtape::stretches_to<float>("add", a + b, Shape{4, 2, 3}));
  CHECK(xtape::stretches_to<float>("add", scalar, Shape{2, 0}));
  CHECK_FALSE(xtape::stretches_to<float>("add", a + b, Shape{2, 1}));
  CHECK_THROWS_WITH(xtape::stretches_to<float>("add", a + b, Shape{5}),
                    "add: shapes (5) and (2, 3) do not broadcast");
}

TEST_CASE("assign_same_shape writes only if no operand is broadcast") {
  const Array<float> a(Shape{2, 3}, 2.f), row(Shape{3}, 1.f);
  Array<float> out(Shape{2, 3}, 0.f);
  CHECK_FALSE(xtape::assign_same_shape(out, a + row, "add"));
  CHECK_FALSE(xtape::assign_same_shape(out, row * 2.f, "add"));
  CHECK((out == Array<float>(Shape{2, 3}, 0.f)));
  CHECK(xtape::assign_same_shape(out, out + a * 2.f, "add"));
  CHECK((out == Array<float>(Shape{2, 3}, 4.f)));
  Array<float> lost = a;
  const Array<float> taker = std::move(lost);
  CHECK_THROWS_AS(xtape::assign_same_shape(out, lost + a, "add"), ShapeError);
}

TEST_CASE("A function that throws within an expression throws at any size and number of threads",
          "[threads]") {
  const auto half = [](float x) {
    if (x < 0) {
      throw xtape::ValueError("half: not positive");
    }
    return x / 2;
  };
  for (const std::size_t threads : {1UL, 2UL, 3UL}) {
    const Threads guard(threads);
    for (const std::size_t size : {1UL, 100UL, 32768UL, 200000UL}) {
      INFO(size << " elements on " << threads << " threads");
      Array<float> x(Shape{size}, 1.f), out;
      assign("test", out, xtape::elementwise(half, x));
      CHECK(out(size - 1) == 0.5f);
      x(size - 1) = -1;
      CHECK_THROWS_WITH(assign("test", out, xtape::elementwise(half, x)), "half: not positive");
      CHECK_THROWS_AS(assign_into(out, xtape::elementwise(half, x)), xtape::ValueError);
    }
  }
}
