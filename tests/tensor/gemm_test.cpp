#include "tensor/gemm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using xtape::Array;
using xtape::gemm;
using xtape::Shape;
using xtape::ShapeError;
using xtape::Transpose;

namespace {

constexpr Transpose no = Transpose::no, yes = Transpose::yes;

template <class T>
struct Product {
  Transpose transpose_a, transpose_b;
  std::size_t m, n, k;
  T alpha = 1, beta = 0;
  std::size_t padding = 0;  // by which stored rows are longer than the matrix
};

/// Multiplies random matrices and compares with three loops in long double. The padding of rows
/// must not change. With beta = 0, C holds NaN before.
template <class T>
void check(const Product<T>& p) {
  INFO((p.transpose_a == yes ? "A^T " : "A ")
       << (p.transpose_b == yes ? "B^T" : "B") << " with m = " << p.m << ", n = " << p.n
       << ", k = " << p.k << ", alpha = " << p.alpha << ", beta = " << p.beta);
  xtape::Rng rng(p.m * 31 + p.n * 7 + p.k);
  const bool ta = p.transpose_a == yes, tb = p.transpose_b == yes;
  const std::size_t lda = std::max<std::size_t>(1, (ta ? p.m : p.k) + p.padding);
  const std::size_t ldb = std::max<std::size_t>(1, (tb ? p.k : p.n) + p.padding);
  const std::size_t ldc = std::max<std::size_t>(1, p.n + p.padding);
  std::vector<T> a((ta ? p.k : p.m) * lda), b((tb ? p.n : p.k) * ldb), c(p.m * ldc);
  rng.fill_normal(std::span(a), T(0), T(1));
  rng.fill_normal(std::span(b), T(0), T(1));
  rng.fill_normal(std::span(c), T(0), T(1));
  if (p.beta == T(0)) {
    std::fill(c.begin(), c.end(), std::numeric_limits<T>::quiet_NaN());
  }
  const std::vector<T> before = c;
  gemm(p.transpose_a, p.transpose_b, p.m, p.n, p.k, p.alpha, a.data(), lda, b.data(), ldb, p.beta,
       c.data(), ldc);

  long double worst = 0;
  bool padding_kept = true;
  for (std::size_t i = 0; i < p.m; ++i) {
    for (std::size_t j = 0; j < ldc; ++j) {
      const T old = before[i * ldc + j], now = c[i * ldc + j];
      if (j >= p.n) {
        padding_kept = padding_kept && (old == now || (std::isnan(old) && std::isnan(now)));
        continue;
      }
      long double sum = 0, size = 1;
      for (std::size_t l = 0; l < p.k; ++l) {
        const long double term = static_cast<long double>(ta ? a[l * lda + i] : a[i * lda + l]) *
                                 static_cast<long double>(tb ? b[j * ldb + l] : b[l * ldb + j]);
        sum += term;
        size += std::abs(term);
      }
      const long double scaled = static_cast<long double>(p.alpha) * sum;
      const long double kept = p.beta == T(0) ? 0.0L : static_cast<long double>(p.beta * old);
      const long double error = std::abs(static_cast<long double>(now) - (scaled + kept)) / size;
      worst = error <= worst ? worst : error;  // also if the error is NaN
    }
  }
  CHECK(worst < 8 * std::numeric_limits<T>::epsilon());
  CHECK(padding_kept);
}

template <class T>
void check_transposes(std::size_t m, std::size_t n, std::size_t k) {
  for (Transpose ta : {no, yes}) {
    for (Transpose tb : {no, yes}) {
      check<T>({ta, tb, m, n, k});
      check<T>({ta, tb, m, n, k, T(1), T(1)});
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("gemm multiplies small matrices of every size", "", float, double) {
  for (std::size_t m : {0UL, 1UL, 2UL, 7UL, 17UL}) {
    for (std::size_t n : {0UL, 1UL, 3UL, 10UL, 33UL}) {
      for (std::size_t k : {0UL, 1UL, 5UL, 19UL}) {
        check_transposes<TestType>(m, n, k);
      }
    }
  }
}

// At 64^3, single precision moves from CBLAS to oneDNN.
TEMPLATE_TEST_CASE("gemm multiplies on both sides of the dispatch rule", "", float, double) {
  check_transposes<TestType>(64, 64, 64);
  check_transposes<TestType>(64, 64, 65);
  check_transposes<TestType>(65, 64, 64);
  check_transposes<TestType>(64, 128, 301);
  check_transposes<TestType>(301, 10, 129);
  check_transposes<TestType>(1, 700, 401);
  check_transposes<TestType>(700, 1, 401);
  check_transposes<TestType>(523, 521, 1);
}

TEMPLATE_TEST_CASE("gemm multiplies one row or column with many terms", "", float, double) {
  check_transposes<TestType>(1, 1, 9001);
  check_transposes<TestType>(3, 1, 8192);
  check_transposes<TestType>(1, 5, 4097);
  check<TestType>({yes, no, 3, 1, 5000, TestType(2), TestType(0.25), 2});
}

TEST_CASE("Many equal terms of a product add up without losing digits") {
  using Extents = std::pair<std::size_t, std::size_t>;
  const std::size_t k = 1'000'000;
  for (const auto& [m, n] : {Extents{1, 1}, {4, 1}, {1, 3}}) {
    const std::vector<float> a(k * m, 0.1F), b(k * n, 1.F);
    std::vector<float> c(m * n);
    gemm(yes, no, m, n, k, 1.F, a.data(), m, b.data(), n, 0.F, c.data(), n);
    for (const float element : c) {
      CHECK(element == Approx(100'000).epsilon(5e-5));
    }
  }
}

TEMPLATE_TEST_CASE("gemm scales by alpha and beta", "", float, double) {
  using T = TestType;
  for (std::size_t size : {9UL, 81UL}) {
    for (T alpha : {T(0), T(1), T(-0.5)}) {
      for (T beta : {T(0), T(1), T(0.25)}) {
        check<T>({no, no, size, size, size, alpha, beta});
        check<T>({yes, no, size, size + 1, size, alpha, beta});
      }
    }
  }
}

TEMPLATE_TEST_CASE("gemm scales C when there is nothing to multiply", "", float, double) {
  using T = TestType;
  for (T beta : {T(0), T(1), T(0.25)}) {
    check<T>({no, no, 5, 3, 0, T(1), beta, 2});
  }
}

TEMPLATE_TEST_CASE("gemm takes rows that are stored further apart", "", float, double) {
  using T = TestType;
  for (std::size_t size : {5UL, 90UL}) {
    for (Transpose ta : {no, yes}) {
      for (Transpose tb : {no, yes}) {
        check<T>({ta, tb, size, size + 3, size + 6, T(1), T(0), 5});
        check<T>({ta, tb, size, size + 3, size + 6, T(2), T(1), 5});
      }
    }
  }
}

TEMPLATE_TEST_CASE("gemm multiplies arrays", "", float, double) {
  using T = TestType;
  xtape::Rng rng(1);
  const auto a = random_integers<T>(Shape{3, 5}, rng), b = random_integers<T>(Shape{5, 4}, rng);
  Array<T> expected(Shape{3, 4}, T(0)), transposed_a(Shape{5, 3}), transposed_b(Shape{4, 5});
  for_each_index(Shape{3, 4, 5}, [&](const std::vector<std::size_t>& at) {
    expected(at[0], at[1]) += a(at[0], at[2]) * b(at[2], at[1]);
    transposed_a(at[2], at[0]) = a(at[0], at[2]);
    transposed_b(at[1], at[2]) = b(at[2], at[1]);
  });
  Array<T> c(Shape{3, 4}, std::numeric_limits<T>::quiet_NaN());
  gemm(no, no, a, b, T(0), c);
  CHECK((c == expected));
  gemm(yes, no, transposed_a, b, T(0), c);
  CHECK((c == expected));
  gemm(no, yes, a, transposed_b, T(0), c);
  CHECK((c == expected));
  gemm(yes, yes, transposed_a, transposed_b, T(1), c);
  CHECK((c == T(2) * expected));
}

TEST_CASE("Arrays that do not fit are an error") {
  const auto message = [](Transpose ta, Transpose tb, const Shape& a, const Shape& b, Shape shape) {
    Array<float> c(shape, 0.f);
    const Array<float> left(a, 0.f), right(b, 0.f);
    return message_of([&] { gemm(ta, tb, left, right, 0.f, c); });
  };
  CHECK(message(no, no, {2, 3}, {4, 5}, {2, 5}) == "gemm: (2, 3) x (4, 5) does not give (2, 5)");
  CHECK(message(yes, no, {2, 3}, {3, 5}, {2, 5}) == "gemm: (2, 3)^T x (3, 5) does not give (2, 5)");
  CHECK(message(no, yes, {2, 3}, {3, 5}, {2, 5}) == "gemm: (2, 3) x (3, 5)^T does not give (2, 5)");
  CHECK(message(yes, yes, {3, 2}, {5, 3}, {5, 2}) ==
        "gemm: (3, 2)^T x (5, 3)^T does not give (5, 2)");
  CHECK(message(no, no, {2, 3}, {3, 5}, {2, 6}) == "gemm: (2, 3) x (3, 5) does not give (2, 6)");
  CHECK(message(no, no, {3}, {3, 5}, {1, 5}) == "gemm: (3) x (3, 5) does not give (1, 5)");
  CHECK(message(no, no, {2, 3}, {3, 5, 1}, {2, 5}) ==
        "gemm: (2, 3) x (3, 5, 1) does not give (2, 5)");
  CHECK(message(no, no, {2, 3}, {3, 5}, {}) == "gemm: (2, 3) x (3, 5) does not give ()");
  Array<float> c(Shape{2, 6});
  CHECK_THROWS_AS(gemm(no, no, Array<float>(Shape{2, 3}), Array<float>(Shape{3, 5}), 0.f, c),
                  ShapeError);
}

TEST_CASE("An extent beyond BLAS's integers is an error") {
  double c = 0;
  const double one = 1;
  const std::size_t huge = std::size_t{1} << 31;
  CHECK_THROWS_AS(gemm(no, no, 1, 1, huge, 1.0, &one, huge, &one, 1, 0.0, &c, 1), ShapeError);
  CHECK_THROWS_WITH(gemm(no, no, 1, 1, 1, 1.0, &one, huge, &one, 1, 0.0, &c, 1),
                    "gemm: an extent of 2147483648 is more than BLAS can index");
}

TEST_CASE("gemm_backend names a library") {
  CHECK(xtape::gemm_backend().find("CBLAS") != std::string::npos);
}

TEMPLATE_TEST_CASE("gemm refuses arrays that were moved from", "", float, double) {
  using T = TestType;
  const Array<T> a(Shape{2, 3}, T(1)), b(Shape{3, 4}, T(1));
  for (const int which : {0, 1, 2}) {
    Array<T> operands[] = {a, b, Array<T>(Shape{2, 4}, T(1))};
    move_away(operands[which]);
    const auto multiply = [&] { gemm(no, no, operands[0], operands[1], T(1), operands[2]); };
    CHECK_THROWS_AS(multiply(), ShapeError);
    CHECK(message_of(multiply).find("gemm: an array of shape (") == 0);
  }
}
