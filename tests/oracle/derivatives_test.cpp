#include "autograd/derivatives.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "tensor/kernels/factor.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/catch.hpp"

/// Derivatives of functions beside torch.func, whose results derivatives.py writes.

namespace xtape {
namespace {

using nlohmann::json;

/// Calls derivative(f, inputs, directions) with N arrays each.
template <std::size_t N, class Derivative>
auto with_arrays(const json& answers, Derivative derivative) {
  const auto arrays = [&](const char* name, std::size_t i) {
    return oracle::array_from(answers.at(name).at(i));
  };
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    const Array<double> inputs[] = {arrays("inputs", I)...};
    const Array<double> directions[] = {arrays("directions", I)...};
    return derivative(inputs, directions);
  }
  (std::make_index_sequence<N>());
}

template <std::size_t N, class F>
void check(const std::string& name, F f) {
  const json& answers = oracle::read("derivatives.json").at(name);
  const auto same = [](const Array<double>& computed, const json& expected) {
    CHECK(oracle::difference(computed, oracle::array_from(expected), 1e-12, false) == "");
  };
  INFO(name);
  REQUIRE(answers.at("inputs").size() == N);
  with_arrays<N>(answers, [&](const auto& inputs, const auto& directions) {
    const auto [y, dy] = jvp(f, inputs, directions);
    same(y, answers.at("y"));
    same(dy, answers.at("dy"));
    const auto products = hvp(f, inputs, directions);
    for (std::size_t i = 0; i < N; ++i) {
      INFO("input " << i);
      same(products[i], answers.at("products").at(i));
    }
    if constexpr (N == 1) {
      same(hessian(f, inputs[0]), answers.at("hessian"));
    }
  });
}

}  // namespace

TEST_CASE("oracle: derivatives of functions are those of torch.func") {
  check<1>("rosenbrock", [](auto x) {
    const auto before = slice(x, 0, 4), after = slice(x, 1, 5);
    return sum(100 * square(after - square(before)) + square(1 - before));
  });
  check<4>("network", [](auto w1, auto b1, auto w2, auto b2) {
    Array<double> images(Shape{4, 6});
    for (std::size_t i = 0; i < images.size(); ++i) {
      images.data()[i] = static_cast<double>(i) / 8 - 1;
    }
    const std::vector<int> labels{0, 2, 1, 2};
    const auto hidden = sigmoid(linear(w1.tape().constant(images), w1, b1));
    return softmax_cross_entropy(linear(hidden, w2, b2), labels, Reduction::mean, 0.125);
  });
  check<3>("images", [](auto x, auto weight, auto bias) {
    const auto y = conv2d(x, weight, bias, {.padding = 1});
    return mean(square(max_pool2d(avg_pool2d(gelu(y), 2), 2, {.stride = 1})));
  });
  check<3>("attention", [](auto query, auto key, auto value) {
    const auto scores = softmax(matmul(query, transpose(key, 1, 2)) / 2);
    return sum(tanh(matmul(scores, value)) * log_softmax(query));
  });
  check<1>("reductions", [](auto x) {
    return prod(logsumexp(x, 1)) + sum(var(x, 0, false, 1)) + norm(x) + mean(cumsum(x, 1) * x) +
           sum(max(x, 0)) * min(x);
  });
}

TEST_CASE("oracle: derivatives of linear algebra are those of torch.func") {
  if (!has_lapack()) {
    XTAPE_SKIP("SKIPPED: this build has no LAPACK");
  }
  check<2>("gaussian", [](auto a, auto y) {
    const Array<double> identity = xt::eye<double>(4);
    const auto covariance = matmul(a, transpose(a, 1, 2)) + identity;
    const auto whitened = triangular_solve(cholesky(covariance), y);
    const auto regular = a + 4 * identity;
    return sum(square(whitened)) / 2 + sum(slogdet(covariance)[1]) + sum(sin(solve(regular, y))) +
           sum(square(inverse(regular)));
  });
}

}  // namespace xtape
