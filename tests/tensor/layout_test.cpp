#include "tensor/layout.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <thread>
#include <vector>

#include "tensor/array.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"

using xtape::Array;
using xtape::Shape;
using xtape::detail::Layout;
using xtape::detail::LayoutReference;

namespace {

/// Refers to more shapes than the table has room for. Returns true if each layout was right.
bool refer_to_many_shapes() {
  bool right = true;
  for (std::size_t i = 0; i < 60000; ++i) {
    const LayoutReference one(Shape{3, 1000 + i});
    LayoutReference two(Shape{2});
    two = one;
    two = *&two;
    const LayoutReference three = two;
    right = right && three->shape[1] == 1000 + i && three->count == 3 * (1000 + i);
  }
  return right;
}

}  // namespace

TEST_CASE("Arrays of a shape share one layout") {
  const Array<float> a(Shape{2, 3}), b(Shape{3, 2});
  const Array<double> c(Shape{2, 3});
  CHECK(&a.shape() == &c.shape());
  CHECK(&a.shape() != &b.shape());
  CHECK(&LayoutReference()->shape == &Array<float>().shape());
}

TEST_CASE("A layout has the strides and the count of its shape") {
  const LayoutReference layout(Shape{2, 1, 4});
  CHECK(layout->count == 8);
  CHECK(std::vector<std::ptrdiff_t>(layout->strides.begin(), layout->strides.end()) ==
        std::vector<std::ptrdiff_t>{4, 0, 1});
  CHECK(std::vector<std::ptrdiff_t>(layout->backstrides.begin(), layout->backstrides.end()) ==
        std::vector<std::ptrdiff_t>{4, 0, 3});
  CHECK(LayoutReference(Shape{3, 0})->count == 0);
  CHECK(LayoutReference()->count == 1);
}

TEST_CASE("A shape whose elements cannot be counted has no layout") {
  constexpr std::size_t huge = std::size_t{1} << 32;
  CHECK_FAILS(LayoutReference(Shape{huge, huge}), xtape::ShapeError,
              "an array of shape (4294967296, 4294967296) has more elements than can be counted");
}

TEST_CASE("A shape that was seen before allocates nothing") {
  COUNTING_OR_SKIP();
  const LayoutReference first(Shape{5, 6, 7, 8});
  const std::size_t before = allocation_count();
  const LayoutReference second(Shape{5, 6, 7, 8});
  CHECK(allocation_count() == before);
  CHECK(&*first == &*second);
}

TEST_CASE("Layouts beyond the table are freed with their last reference") {
  COUNTING_OR_SKIP();
  const pid_t child = ::fork();  // a full table would change the other tests
  if (child == 0) {
    bool right = refer_to_many_shapes();
    const std::size_t living = living_allocations();
    right = right && refer_to_many_shapes() && living_allocations() == living;
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("Threads that meet new shapes at once agree on their layouts", "[threads]") {
  constexpr std::size_t shapes = 500;
  std::vector<std::vector<const Layout*>> found(4, std::vector<const Layout*>(shapes));
  {
    std::vector<std::jthread> threads;
    for (auto& mine : found) {
      threads.emplace_back([&mine] {
        for (std::size_t i = 0; i < shapes; ++i) {
          mine[i] = &*LayoutReference(Shape{7, 11, i});
        }
      });
    }
  }
  for (const auto& mine : found) {
    CHECK(mine == found.front());
  }
}
