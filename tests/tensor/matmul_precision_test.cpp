#include "tensor/matmul_precision.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "autograd/tape.hpp"
#include "nn/layers/affine.hpp"
#include "nn/train/run.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/threads.hpp"

// Products with bfloat16: which ones, how exact they are, and that no other number changes.

using namespace xtape;

namespace {

constexpr Transpose as_is = Transpose::no, turned = Transpose::yes;

/// Multiplies by bfloat16 for the lifetime of the object.
class Bfloat16 {
 public:
  Bfloat16() { set_matmul_precision(Precision::bfloat16); }
  ~Bfloat16() { set_matmul_precision(Precision::float32); }
  Bfloat16(const Bfloat16&) = delete;
  Bfloat16& operator=(const Bfloat16&) = delete;
};

/// Ends the test case as skipped if this processor does not multiply bfloat16.
#define BFLOAT16_OR_SKIP()                                                                   \
  if (!has_bfloat16_products()) {                                                            \
    XTAPE_SKIP("SKIPPED: the processor or this build has no matrix products with bfloat16"); \
  }

/// A product of random matrices. The rows of all three are longer than the matrices.
struct Case {
  Transpose transpose_a, transpose_b;
  std::size_t m, n, k;
  float beta = 0;
  std::size_t padding = 0;
  std::vector<float> a, b, c, before;

  Case(Transpose ta, Transpose tb, std::size_t rows, std::size_t columns, std::size_t terms,
       float keep = 0, std::size_t gap = 0)
      : transpose_a(ta), transpose_b(tb), m(rows), n(columns), k(terms), beta(keep), padding(gap) {
    Rng rng(m * 31 + n * 7 + k);
    a.resize((ta == turned ? k : m) * lda());
    b.resize((tb == turned ? n : k) * ldb());
    before.resize(m * ldc());
    for (std::vector<float>* each : {&a, &b, &before}) {
      rng.fill_normal(std::span(*each), 0.f, 1.f);
    }
    if (beta == 0) {
      std::fill(before.begin(), before.end(), std::numeric_limits<float>::quiet_NaN());
    }
  }

  std::size_t lda() const {
    return std::max<std::size_t>(1, (transpose_a == turned ? m : k) + padding);
  }
  std::size_t ldb() const {
    return std::max<std::size_t>(1, (transpose_b == turned ? k : n) + padding);
  }
  std::size_t ldc() const { return std::max<std::size_t>(1, n + padding); }
  double left(std::size_t i, std::size_t l) const {
    return static_cast<double>(transpose_a == turned ? a[l * lda() + i] : a[i * lda() + l]);
  }
  double right(std::size_t l, std::size_t j) const {
    return static_cast<double>(transpose_b == turned ? b[j * ldb() + l] : b[l * ldb() + j]);
  }

  void multiply() {
    c = before;
    matmul_gemm(transpose_a, transpose_b, m, n, k, a.data(), lda(), b.data(), ldb(), beta, c.data(),
                ldc());
  }
};

/// The errors of a product against one in double.
struct Errors {
  double worst = 0;     // in units of the sum of |a| |b|
  double relative = 0;  // the root of the mean square, relative to that of the products
  bool padding_kept = true;
};

Errors errors_of(const Case& p) {
  Errors errors;
  double squares = 0, all = 0;
  for (std::size_t i = 0; i < p.m; ++i) {
    for (std::size_t j = 0; j < p.ldc(); ++j) {
      const float old = p.before[i * p.ldc() + j], now = p.c[i * p.ldc() + j];
      if (j >= p.n) {
        errors.padding_kept &= old == now || (std::isnan(old) && std::isnan(now));
        continue;
      }
      double sum = 0, size = 0;
      for (std::size_t l = 0; l < p.k; ++l) {
        sum += p.left(i, l) * p.right(l, j);
        size += std::abs(p.left(i, l) * p.right(l, j));
      }
      const double kept =
          p.beta == 0.f ? 0 : static_cast<double>(p.beta) * static_cast<double>(old);
      const double error = std::abs(static_cast<double>(now) - (sum + kept));
      errors.worst = error / size <= errors.worst ? errors.worst : error / size;  // NaN is worst
      squares += error * error;
      all += sum * sum;
    }
  }
  errors.relative = std::sqrt(squares / all);
  return errors;
}

/// Checks the bounds: each factor is rounded by at most 2^-9 of its size, and sums are float.
void check_bounds(Case p) {
  INFO((p.transpose_a == turned ? "A^T " : "A ")
       << (p.transpose_b == turned ? "B^T" : "B") << " with m = " << p.m << ", n = " << p.n
       << ", k = " << p.k << ", beta = " << p.beta << ", padding " << p.padding);
  p.multiply();
  const Errors errors = errors_of(p);
  CHECK(errors.worst <= std::ldexp(1, -8) * 1.01);
  CHECK(errors.relative < 4e-3);
  CHECK(errors.relative > 1e-3);  // so these are products with bfloat16
  CHECK(errors.padding_kept);
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// The result of `compute` in float and by bfloat16.
template <class Compute>
auto in_both(Compute compute) {
  const auto exact = compute();
  const Bfloat16 guard;
  return std::pair(exact, compute());
}

}  // namespace

TEST_CASE("Products are float unless bfloat16 is chosen and available") {
  CHECK(matmul_precision() == Precision::float32);
  CHECK(gemm_backend().find("bfloat16") == std::string::npos);
  {
    const Bfloat16 guard;
    const bool in_effect = matmul_precision() == Precision::bfloat16;
    CHECK(in_effect == has_bfloat16_products());
    CHECK((gemm_backend().find("bfloat16") != std::string::npos) == in_effect);
    CHECK(nn::detail::identity_of({}).count("matmul_precision") == (in_effect ? 1 : 0));
  }
  CHECK(matmul_precision() == Precision::float32);
  CHECK(nn::detail::identity_of({}).count("matmul_precision") == 0);
}

TEST_CASE("Products with bfloat16 keep their bounds: transposes, beta, strides and threads") {
  BFLOAT16_OR_SKIP();
  const Bfloat16 guard;
  for (const std::size_t threads : {1UL, 2UL}) {
    INFO(threads << " threads");
    const Threads use(threads);
    for (const Transpose ta : {as_is, turned}) {
      for (const Transpose tb : {as_is, turned}) {
        check_bounds({ta, tb, 64, 128, 301});
        check_bounds({ta, tb, 300, 33, 70, 1.f});
        check_bounds({ta, tb, 90, 91, 92, 0.25f, 3});
        check_bounds({ta, tb, 40, 600, 257, 1.f, 5});
      }
    }
    check_bounds({as_is, as_is, 33, 257, 520});   // a layer with few rows
    check_bounds({turned, as_is, 520, 96, 64});   // the gradient of its weights
    check_bounds({as_is, turned, 32, 1000, 32});  // the smallest extents
  }
}

TEST_CASE("The same product gives the same bits again") {
  BFLOAT16_OR_SKIP();
  const Bfloat16 guard;
  for (const std::size_t threads : {1UL, 2UL}) {
    const Threads use(threads);
    Case p(as_is, turned, 128, 200, 300, 1.f);
    p.multiply();
    const std::vector<float> first = p.c;
    p.multiply();
    CHECK(same_bits(first, p.c));
  }
}

TEST_CASE("Small and thin products, and those of gemm(), stay float") {
  const auto product_of = [](Case p) {
    return in_both([&] {
      p.multiply();
      return p.c;
    });
  };
  for (const Case& p : {Case(as_is, as_is, 80, 80, 80), Case(as_is, turned, 31, 700, 700),
                        Case(turned, as_is, 700, 31, 700), Case(as_is, as_is, 800, 800, 31),
                        Case(as_is, as_is, 1, 1, 1), Case(as_is, as_is, 7, 1, 2000, 1.f)}) {
    INFO("m = " << p.m << ", n = " << p.n << ", k = " << p.k);
    const auto [exact, half] = product_of(p);
    CHECK(same_bits(exact, half));
  }
  const auto [exact, half] = product_of(Case(as_is, as_is, 81, 81, 81));
  CHECK(same_bits(exact, half) != has_bfloat16_products());

  Rng rng;
  const auto a = random_normal<float>(Shape{128, 128}, rng);
  const auto b = random_normal<float>(Shape{128, 128}, rng);
  const auto [plain, again] = in_both([&] {
    Array<float> c(Shape{128, 128});
    gemm(as_is, as_is, a, b, 0.f, c);
    return c;
  });
  CHECK((plain == again));
}

TEST_CASE("Empty products are empty or only scaled") {
  const Bfloat16 guard;
  for (const auto& [m, n, k] : std::vector<std::tuple<std::size_t, std::size_t, std::size_t>>{
           {0, 700, 700}, {700, 0, 700}, {0, 0, 0}}) {
    Case p(as_is, as_is, m, n, k, 1.f);
    p.multiply();
    CHECK(p.c == p.before);
  }
  Case p(as_is, as_is, 3, 2, 0, 0.5f);
  p.multiply();
  CHECK(p.c[5] == 0.5f * p.before[5]);
}

TEST_CASE("NaN and infinity pass through products with bfloat16") {
  const Bfloat16 guard;
  constexpr float inf = std::numeric_limits<float>::infinity();
  Case p(as_is, as_is, 96, 96, 96);
  std::fill(p.a.begin(), p.a.end(), 1.f);
  std::fill(p.b.begin(), p.b.end(), 2.f);
  p.a[5 * 96 + 7] = std::bit_cast<float>(0x7f800001);  // its upper half is infinity
  p.a[6 * 96 + 7] = std::bit_cast<float>(0x7fffffff);  // would round to -0
  p.a[9 * 96 + 8] = inf;
  p.b[3 * 96 + 11] = -inf;
  p.multiply();
  const auto at = [&](std::size_t i, std::size_t j) { return p.c[i * 96 + j]; };
  CHECK(at(0, 0) == 192);
  CHECK((std::isnan(at(5, 0)) && std::isnan(at(5, 95)) && std::isnan(at(6, 1))));
  CHECK(at(9, 0) == inf);
  CHECK(at(0, 11) == -inf);
  CHECK(std::isnan(at(9, 11)));
}

TEST_CASE("A number is rounded to the nearest bfloat16, and to an even one between two") {
  BFLOAT16_OR_SKIP();
  const Bfloat16 guard;
  const auto rounded = [](float x) {
    Case p(as_is, as_is, 96, 96, 96);
    std::fill(p.a.begin(), p.a.end(), 0.f);
    std::fill(p.b.begin(), p.b.end(), 1.f);
    p.a[0] = x;
    p.multiply();
    return p.c[0];
  };
  const float step = std::ldexp(1.f, -7);  // between neighbours above 1
  CHECK(rounded(1) == 1);
  CHECK(rounded(-1 - step) == -1 - step);
  CHECK(rounded(1 + 0.49f * step) == 1);
  CHECK(rounded(1 + 0.51f * step) == 1 + step);
  CHECK(rounded(1 + 0.5f * step) == 1);
  CHECK(rounded(1 + 1.5f * step) == 1 + 2 * step);
  CHECK(rounded(std::ldexp(1.f, 100)) == std::ldexp(1.f, 100));
}

namespace {

/// The value and the gradients of an op of two random arrays.
template <class T, class Op>
std::vector<Array<T>> outcome(const Shape& a, const Shape& b, Op op) {
  Rng rng{4};
  Tape<T> tape;
  const auto x = tape.variable(random_normal<T>(a, rng));
  const auto w = tape.variable(random_normal<T>(b, rng));
  const auto y = op(x, w);
  tape.backward(sum(y * tape.constant(random_normal<T>(y.shape(), rng))));
  return {y.value(), x.grad(), w.grad()};
}

template <class T>
double distance(const Array<T>& a, const Array<T>& b) {
  double squares = 0, all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto exact = static_cast<double>(a.data()[i]);
    squares += std::pow(static_cast<double>(b.data()[i]) - exact, 2);
    all += exact * exact;
  }
  return std::sqrt(squares / all);
}

}  // namespace

TEST_CASE("Products of ops and layers use bfloat16, forward and backward") {
  BFLOAT16_OR_SKIP();
  const auto check = [](const Shape& a, const Shape& b, auto op) {
    const auto [exact, half] = in_both([&] { return outcome<float>(a, b, op); });
    for (std::size_t i = 0; i < exact.size(); ++i) {
      INFO("array " << i);
      CHECK(distance(exact[i], half[i]) < 4e-3);
      CHECK(distance(exact[i], half[i]) > 1e-3);
    }
  };
  const auto product = [](auto a, auto b) { return matmul(a, b); };
  check({64, 120}, {120, 90}, product);
  check({3, 64, 120}, {3, 120, 90}, product);
  check({3, 64, 120}, {120, 90}, product);
  check({64, 120}, {120, 90}, [](auto a, auto b) {
    return linear(a, b, a.tape().constant(Array<float>(Shape{90}, 0.f)));
  });
  check({64, 120}, {90, 120}, [](auto a, auto b) { return einsum("ij,kj->ik", a, b); });
  check({4, 16, 120}, {90, 120}, [](auto a, auto b) {
    const auto bias = a.tape().constant(Array<float>(Shape{90}, 0.f));
    return nn::detail::affine(a, b, Transpose::yes, bias);
  });
}

TEST_CASE("Convolutions, linear algebra and products of double do not change") {
  const auto check = [](auto compute) {
    const auto [exact, half] = in_both(compute);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      INFO("array " << i);
      CHECK((exact[i] == half[i]));
    }
  };
  check([] {
    return outcome<double>({96, 96}, {96, 96}, [](auto a, auto b) { return matmul(a, b); });
  });
  check([] {  // Winograd, oneDNN and patches
    return outcome<float>({2, 16, 16, 32}, {3, 3, 32, 32},
                          [](auto x, auto w) { return conv2d(x, w); });
  });
  check([] {
    return outcome<float>({4, 16, 16, 64}, {1, 1, 64, 64},
                          [](auto x, auto w) { return conv2d(x, w); });
  });
  check([] {
    return outcome<float>({96, 96}, {96, 96},
                          [](auto a, auto b) { return solve(a + 30.f * b, b); });
  });
}

TEST_CASE("Threads may change the precision while others multiply", "[threads]") {
  Case p(as_is, as_is, 96, 96, 96);
  const auto [exact, half] = in_both([&] {
    p.multiply();
    return p.c;
  });
  std::atomic<bool> over = false;
  std::thread other([&] {
    while (!over) {
      const Bfloat16 guard;
      std::this_thread::yield();
    }
  });
  int strange = 0;
  for (int i = 0; i < 200; ++i) {
    p.multiply();
    strange += same_bits(p.c, exact) || same_bits(p.c, half) ? 0 : 1;
  }
  over = true;
  other.join();
  CHECK(strange == 0);
}
