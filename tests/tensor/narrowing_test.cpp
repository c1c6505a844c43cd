#include "tensor/narrowing.hpp"

#include <cstdint>

#include "tensor/array.hpp"
#include "tests/support/catch.hpp"

using xtape::Array;
using xtape::loses_digits;

namespace {

const Array<float> f(xtape::Shape{2, 3}, 1.f);
const Array<double> d(xtape::Shape{2, 3}, 1.0);
const xt::xarray<std::int64_t> i;

template <class T, class E>
constexpr bool loses(E&&) {
  return loses_digits<E, T>;
}

}  // namespace

TEST_CASE("arrays of more digits lose some, others none") {
  STATIC_REQUIRE(loses_digits<Array<double>, float>);
  STATIC_REQUIRE(loses_digits<const Array<double>&, float>);
  STATIC_REQUIRE(loses_digits<xt::xarray<long double>, double>);
  STATIC_REQUIRE_FALSE(loses_digits<Array<float>, float>);
  STATIC_REQUIRE_FALSE(loses_digits<Array<float>, double>);
  STATIC_REQUIRE_FALSE(loses_digits<xt::xarray<std::int64_t>, float>);
}

TEST_CASE("numbers in an expression take the type of its arrays") {
  CHECK_FALSE(loses<float>(2.0 * f + 1));
  CHECK_FALSE(loses<float>(xt::pow(f, 2.0)));
  CHECK_FALSE(loses<float>(xt::maximum(f, 0.0)));
  CHECK_FALSE(loses<float>(xt::exp(f) / 3.0));
  CHECK_FALSE(loses<float>(f > 0.5));
  CHECK_FALSE(loses<float>(d > 0.5));
  CHECK_FALSE(loses<float>(i * 2));
  CHECK_FALSE(loses<float>(xt::where(f > 0.5, f, 0.0)));
  CHECK_FALSE(loses<float>(xt::zeros<double>({2, 3})));
  CHECK(loses<float>(2.0f * d));
  CHECK(loses<float>(f + d));
  CHECK(loses<float>(xt::where(f > 0.5, f, d)));
  CHECK_FALSE(loses<double>(f + d));
}

TEST_CASE("reductions and views are what they are made of, a cast is what it says") {
  CHECK_FALSE(loses<float>(f - xt::mean(f)));
  CHECK_FALSE(loses<float>(xt::sum(f, {0})));
  CHECK(loses<float>(xt::sum(d, {0})));
  CHECK_FALSE(loses<float>(xt::cast<float>(d)));
  CHECK_FALSE(loses<float>(xt::cast<float>(d * 2) + f));
  CHECK(loses<float>(xt::cast<double>(f)));
  CHECK(loses<float>(xt::broadcast(d, {2, 3})));
  CHECK_FALSE(loses<float>(xt::broadcast(f, {2, 3})));
}
