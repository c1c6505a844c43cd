#include "autograd/record.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

/// Records a scalar that depends on x. Its backward is `contribute(y)`.
template <class T, class Contribute>
Variable<T> with_backward(Variable<T> x, Contribute contribute) {
  return record("test", {x}, xt::xscalar<T>(T(1)), contribute);
}

/// Returns the gradient of an x of zeros of this shape, with `contribute(x, y)` as backward.
template <class T, class Contribute>
Array<T> gradient_after(const Shape& shape, Contribute contribute) {
  Tape<T> tape;
  const auto x = tape.variable(Array<T>(shape, T(0)));
  tape.backward(with_backward(x, [=](Variable<T> y) { contribute(x, y); }));
  return x.grad();
}

}  // namespace

TEMPLATE_TEST_CASE("An op of a user's own is an expression and a closure", "", float, double) {
  using T = TestType;
  Tape<T> tape;
  const auto x = tape.variable(array_of(Shape{2}, {T(2), T(3)}));
  const auto cube = record("cube", {x}, x.value() * x.value() * x.value(), [=](Variable<T> y) {
    accumulate(x, T(3) * x.value() * x.value() * y.grad());
  });
  tape.backward(sum(cube));
  CHECK(cube.op() == std::string("cube"));
  CHECK((cube.value() == array_of(Shape{2}, {T(8), T(27)})));
  CHECK((x.grad() == array_of(Shape{2}, {T(12), T(27)})));
}

TEST_CASE("An op on constants or under NoGrad keeps no backward") {
  Tape<float> tape;
  const auto c = tape.constant(1.f), x = tape.variable(1.f);
  CHECK_FALSE(record("test", {c}, c.value() * 2.f, {}).needs_grad());
  CHECK(record("test", {c, x}, c.value() * x.value(), {}).needs_grad());
  const NoGrad guard(tape);
  CHECK_FALSE(record("test", {c, x}, c.value() * x.value(), {}).needs_grad());
}

TEMPLATE_TEST_CASE("accumulate assigns first and adds later", "", float, double) {
  using T = TestType;
  std::vector<T> betas;
  const auto add_ones = [&betas](Array<T>& grad, T beta) {
    betas.push_back(beta);
    for (T& element : grad.storage()) {
      element = T(1) + (beta == T(0) ? T(0) : element);
    }
  };
  const auto* callable = &add_ones;
  const Shape shape{2, 3};
  const Array<T> twos(shape, T(2));
  const auto* two = &twos;

  const auto expression_first = gradient_after<T>(shape, [=](auto x, auto) {
    accumulate(x, *two * T(2));
    accumulate(x, *callable);
    accumulate(x, *two);
  });
  CHECK((expression_first == Array<T>(shape, T(7))));
  const auto callable_first = gradient_after<T>(shape, [=](auto x, auto) {
    accumulate(x, *callable);
    accumulate(x, *two);
    accumulate(x, *callable);
  });
  CHECK((callable_first == Array<T>(shape, T(4))));
  CHECK(betas == std::vector<T>{1, 0, 1});
}

TEMPLATE_TEST_CASE("accumulate takes any expression that broadcasts against x", "", float, double) {
  using T = TestType;
  Rng rng(1);
  for (int round = 0; round < 500; ++round) {
    const Shape common = random_shape(rng, 4, 1);
    const Shape shape = random_operand_shape(common, rng);
    const auto a = random_integers<T>(random_operand_shape(common, rng), rng);
    const auto b = random_integers<T>(random_operand_shape(common, rng), rng);
    INFO(fmt::format("{} and {} into {}", a.shape(), b.shape(), shape));

    // A contribution that broadcasts with x to a larger shape is summed down to x.
    Array<T> expected(shape, T(0));
    const auto add = [&](const Shape& from, auto term) {
      for_each_index(broadcast_shapes("test", from, shape), [&](const auto& index) {
        expected.data()[broadcast_offset(shape, index)] += term(index);
      });
    };
    const auto at = [](const Array<T>& array, std::vector<std::size_t> index) {
      const std::size_t extra = index.size() - array.dimension();
      index.erase(index.begin(), index.begin() + static_cast<std::ptrdiff_t>(extra));
      return array.data()[broadcast_offset(array.shape(), index)];
    };
    add(broadcast_shapes("test", a.shape(), b.shape()),
        [&](const auto& index) { return at(a, index) * at(b, index); });
    add(a.shape(), [&](const auto& index) { return at(a, index); });
    const auto *pa = &a, *pb = &b;
    const auto grad = gradient_after<T>(shape, [=](auto x, auto) {
      accumulate(x, *pa * *pb);
      accumulate(x, *pa);
    });
    REQUIRE((grad == expected));
    const auto swapped = gradient_after<T>(shape, [=](auto x, auto) {
      accumulate(x, *pa);
      accumulate(x, *pa * *pb);
    });
    REQUIRE((swapped == expected));
  }
}

TEST_CASE("accumulate drops what a constant would get, unevaluated") {
  Tape<float> tape;
  bool called = false;
  bool* flag = &called;
  const auto c = tape.constant(1.f), x = tape.variable(1.f);
  tape.backward(record("test", {c, x}, c.value() * x.value(), [=](Variable<float> y) {
    accumulate(c, [=](Array<float>&, float) { *flag = true; });
    accumulate(x, y.grad());
  }));
  CHECK_FALSE(called);
  CHECK(x.grad()() == 1.f);
}

TEST_CASE("A contribution that does not broadcast against x is an error") {
  const Array<float> wrong(Shape{4}, 1.f);
  const auto* p = &wrong;
  const auto run = [=] {
    gradient_after<float>(Shape{3}, [=](auto x, auto) { accumulate(x, *p); });
  };
  CHECK_THROWS_AS(run(), ShapeError);
  CHECK(message_of(run).find("shapes (3) and (4) do not broadcast") != std::string::npos);
}

namespace {

/// Records an op that fails, on a tape in use. Checks that later results are as if it had never
/// been tried.
template <class Fail>
void check_failure_leaves_no_trace(Fail fail_on) {
  Tape<float> tape, untouched;
  const Array<float> weight(Shape{2, 3}, 2.f);
  for (int round = 0; round < 3; ++round) {
    tape.rewind();
    untouched.rewind();
    const auto run = [&](Tape<float>& on, bool with_failure) {
      const auto w = on.parameter(weight);
      const auto y = w * 3.f;
      if (with_failure) {
        const std::size_t size = on.size();
        CHECK_THROWS(fail_on(y));
        CHECK(on.size() == size);
        CHECK(on.grad_enabled());
      }
      const auto z = square(y) + w;
      on.backward(sum(z));
      return z;
    };
    const auto z = run(tape, true), expected = run(untouched, false);
    CHECK(tape.size() == untouched.size());
    CHECK((z.value() == expected.value()));
    CHECK((tape.grad(weight) == untouched.grad(weight)));
  }
}

}  // namespace

TEST_CASE("An op that throws half way leaves the tape as it was") {
  check_failure_leaves_no_trace([](Variable<float> x) {
    record("test", {x},
           [](Array<float>& y) {
             resize(y, Shape{1000});
             y.fill(-1.f);
             throw std::runtime_error("half way");
           },
           {});
  });
  check_failure_leaves_no_trace([](Variable<float> x) {
    x.tape().constant([](Array<float>&) { throw std::runtime_error("half way"); });
  });
  check_failure_leaves_no_trace([](Variable<float> x) {
    const NoGrad guard(x.tape());
    throw std::runtime_error("under a guard");
  });
}

TEST_CASE("Shape, label and row errors leave the tape as it was") {
  check_failure_leaves_no_trace([](Variable<float> x) {
    const Array<float> wrong(Shape{7}, 1.f);
    record("test", {x}, x.value() + wrong, {});
  });
  check_failure_leaves_no_trace([](Variable<float> x) { matmul(x, x); });
  check_failure_leaves_no_trace([](Variable<float> x) { reshape(x, {5}); });
  check_failure_leaves_no_trace([](Variable<float> x) { sum(x, 7); });
  check_failure_leaves_no_trace([](Variable<float> x) { gather(x, {0, 9}); });
  check_failure_leaves_no_trace([](Variable<float> x) {
    softmax_cross_entropy(x, std::vector{0, 3});
  });
  check_failure_leaves_no_trace([](Variable<float> x) { linear(x, x, x); });
}

TEST_CASE("A backward that throws leaves the tape as it was before") {
  Tape<float> tape;
  const auto x = tape.variable(1.f);
  const auto y =
      with_backward(x * 2.f, [](Variable<float>) { throw std::runtime_error("half way"); });
  CHECK_THROWS_WITH(tape.backward(y), "half way");
  CHECK_THROWS_AS(x.grad(), TapeError);  // an incomplete gradient is none
  CHECK_THROWS_AS(y.grad(), TapeError);
  CHECK_FALSE(tape.differentiated());
  tape.backward(x * 3.f);
  CHECK(x.grad()() == 3.f);
  tape.rewind();
  const auto z = tape.variable(3.f);
  tape.backward(z * z);
  CHECK(z.grad()() == 6.f);
}

TEST_CASE("An op needs an input, and a forward that records nothing") {
  Tape<float> tape;
  CHECK_THROWS_WITH(record<float>("test", {}, [](Array<float>&) {}, {}),
                    "test: an op needs at least one input");
  const auto x = tape.variable(1.f);
  const auto nested = [=](Array<float>& y) { y = (x * 2.f).value(); };
  CHECK_THROWS_WITH(record("test", {x}, nested, {}),
                    "test: its callable records on the tape; record those values before it");
  CHECK_THROWS_WITH(tape.constant(nested),
                    "constant: its callable records on the tape; record those values before it");
}
