#include "tensor/argmax.hpp"

#include <cstddef>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/numbers.hpp"

using namespace xtape;

namespace {

using Places = std::vector<std::size_t>;

template <class T>
Array<T> transpose_of(const Array<T>& x) {
  return xt::transpose(x);
}

}  // namespace

TEMPLATE_TEST_CASE("argmax and argmin find the first extreme along any axis", "", float, double) {
  using T = TestType;
  const Array<T> x{{{3, 1, 3}, {2, 5, 0}}, {{0, 0, 0}, {-1, 7, 7}}};  // (2, 2, 3)
  CHECK(argmax(x) == Places{0, 1, 0, 1});
  CHECK(argmin(x) == Places{1, 2, 0, 0});
  CHECK(argmax(x, 1) == Places{0, 1, 0, 0, 1, 1});
  CHECK(argmin(x, -2) == Places{1, 0, 1, 1, 0, 0});
  CHECK(argmax(x, 0) == Places{0, 0, 0, 0, 1, 1});
  CHECK(argmin(x, -3) == Places{1, 1, 1, 1, 0, 0});
  CHECK(argmax(Array<T>{4, 9, 2}) == Places{1});
  CHECK(argmin(Array<T>{4, 9, 2}) == Places{2});
}

TEMPLATE_TEST_CASE("argmax and argmin take NaN for the extreme", "", float, double) {
  const auto nan = static_cast<TestType>(not_a_number);
  const auto far = static_cast<TestType>(infinity);
  const Array<TestType> x{{1, nan, 5, nan}, {-far, far, 0, nan}, {far, -far, far, -far}};
  CHECK(argmax(x) == Places{1, 3, 0});
  CHECK(argmin(x) == Places{1, 3, 1});
  CHECK(argmax(transpose_of(x), 0) == Places{1, 3, 0});
  CHECK(argmin(transpose_of(x), 0) == Places{1, 3, 1});
}

TEST_CASE("argmax and argmin of no lines are empty, and of empty lines refused") {
  const Array<double> x(Shape{0, 3});
  CHECK(argmax(x).empty());
  CHECK(argmin(x, 1).empty());
  CHECK_FAILS(argmax(x, 0), ShapeError, "argmax: axis 0 of (0, 3) is empty");
  CHECK_FAILS(argmin(x, 0), ShapeError, "argmin: axis 0 of (0, 3) is empty");
  CHECK_FAILS(argmin(x, 2), ShapeError, "argmin: shape (0, 3) has no axis 2");
}
