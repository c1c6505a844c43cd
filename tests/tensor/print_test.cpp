#include "tensor/print.hpp"

#include <iomanip>
#include <limits>
#include <sstream>
#include <string>

#include "autograd/ops/activations.hpp"
#include "autograd/print.hpp"
#include "tests/support/catch.hpp"

using xtape::Array;
using xtape::Shape;

TEST_CASE("Arrays print their shape, type and elements", "[tensor]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(fmt::format("{}", Array<float>{{1, 2, 3}, {0.5f, nan, -infinity}}) ==
        "(2, 3) float\n"
        "[[   1,    2,    3],\n"
        " [ 0.5,  nan, -inf]]");
  CHECK(fmt::format("{}", Array<double>{1, -0.0, 1e-300}) == "(3) double [     1,     -0, 1e-300]");
  CHECK(fmt::format("{}", Array<float>(Shape{}, 3.5f)) == "() float 3.5");
  CHECK(fmt::format("{}", Array<float>(Shape{0, 3})) == "(0, 3) float []");
  CHECK(fmt::format("{}", Array<float>(Shape{0})) == "(0) float []");
  CHECK(fmt::format("{}", Array<float>(Shape{1, 1, 2}, 7.f)) == "(1, 1, 2) float\n[[[7, 7]]]");
  CHECK(fmt::format("{}", Array<float>(Shape{2, 2, 1}, 7.f)) ==
        "(2, 2, 1) float\n[[[7],\n  [7]],\n\n [[7],\n  [7]]]");
}

TEST_CASE("Large arrays print their corners", "[tensor]") {
  Array<float> matrix(Shape{40, 30});
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    matrix.data()[i] = static_cast<float>(i);
  }
  CHECK(fmt::format("{}", matrix) ==
        "(40, 30) float\n"
        "[[   0,    1,    2, ...,   27,   28,   29],\n"
        " [  30,   31,   32, ...,   57,   58,   59],\n"
        " [  60,   61,   62, ...,   87,   88,   89],\n"
        " ...,\n"
        " [1110, 1111, 1112, ..., 1137, 1138, 1139],\n"
        " [1140, 1141, 1142, ..., 1167, 1168, 1169],\n"
        " [1170, 1171, 1172, ..., 1197, 1198, 1199]]");
  CHECK(fmt::format("{}", Array<float>(Shape{1001}, 1.f)) ==
        "(1001) float [1, 1, 1, ..., 1, 1, 1]");
  const std::string ones = fmt::format("{}", Array<float>(Shape{1000}, 1.f));
  CHECK(ones.find("...") == std::string::npos);
  CHECK(std::count(ones.begin(), ones.end(), '1') == 1 + 1000);
  CHECK(std::count(ones.begin(), ones.end(), ',') == 999);
  CHECK(fmt::format("{}", Array<float>(Shape{6, 200}, 1.f)).find("...,\n") == std::string::npos);
  Array<float> wide(Shape{2000}, 1.f);
  wide(1000) = 123456;  // which is not shown, and does not widen the others
  CHECK(fmt::format("{}", wide) == "(2000) float [1, 1, 1, ..., 1, 1, 1]");
}

TEST_CASE("Long rows of printed arrays take several lines", "[tensor]") {
  Array<float> row(Shape{40});
  for (std::size_t i = 0; i < row.size(); ++i) {
    row(i) = static_cast<float>(i);
  }
  CHECK(fmt::format("{}", row) ==
        "(40) float\n"
        "[ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, "
        "22, 23, 24,\n"
        " 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39]");
  const std::string thousand = fmt::format("{}", Array<double>(Shape{10, 100}, 0.125));
  std::size_t longest = 0;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = thousand.find('\n', begin);
    longest = std::max(longest, std::min(end, thousand.size()) - begin);
  }
  CHECK(longest <= 102);  // with the brackets and the comma of the row
}

TEST_CASE("The precision of printed arrays is the format's or the stream's", "[tensor]") {
  const Array<double> third{1.0 / 3};
  CHECK(fmt::format("{}", third) == "(1) double [0.333333]");
  CHECK(fmt::format("{:.3}", third) == "(1) double [0.333]");
  CHECK(fmt::format("{:.12}", third) == "(1) double [0.333333333333]");
  std::ostringstream out;
  out << third << ' ' << std::setprecision(2) << third;
  CHECK(out.str() == "(1) double [0.333333] (1) double [0.33]");
  CHECK_THROWS_AS(fmt::format(fmt::runtime("{:x}"), third), fmt::format_error);
}

TEST_CASE("An array that was moved from prints", "[tensor]") {
  Array<float> array(Shape{3}, 1.f), other;
  other = std::move(array);
  CHECK(fmt::format("{}", array) == "(3) float without elements (moved from)");
}

TEST_CASE("Variables print their op and value", "[tensor]") {
  xtape::Tape tape;
  const auto y = relu(tape.variable(Array<float>{-1, 0.25f}));
  CHECK(fmt::format("{} {:.1}", y, y) == "relu (2) float [   0, 0.25] relu (2) float [  0, 0.2]");
  std::ostringstream out;
  out << y;
  CHECK(out.str() == "relu (2) float [   0, 0.25]");
  tape.rewind();
  CHECK_THROWS_AS(fmt::format("{}", y), xtape::TapeError);
}
