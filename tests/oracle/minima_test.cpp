#include <algorithm>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/optim/lbfgs.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/catch.hpp"

/// nn::LBFGS beside SciPy's L-BFGS-B, whose results minima.py writes.

namespace xtape {
namespace {

using nlohmann::json;

struct Point {
  Array<double> x;
  static void visit(auto& self, auto&& f) { f("x", self.x); }
};

/// The sum of 100 (x[i + 1] - x[i]^2)^2 + (1 - x[i])^2.
Variable<double> rosenbrock(Variable<double> x) {
  const auto n = static_cast<std::ptrdiff_t>(x.shape()[0]);
  const auto before = slice(x, 0, n - 1), after = slice(x, 1, n);
  return sum(100.0 * square(after - square(before)) + square(1.0 - before));
}

Variable<double> logistic(Variable<double> w, const json& problem) {
  const auto labels = problem["labels"].get<std::vector<double>>();
  const auto rows = labels.size(), columns = problem["features"].size() / rows;
  const auto features = oracle::array_from(problem["features"], Shape{rows, columns});
  const Variable<double> y = w.tape().constant(oracle::array_from(problem["labels"], Shape{rows}));
  const auto scores = reshape(matmul(features, reshape(w, {-1, 1})), {-1});
  return mean(softplus(-y * scores)) + problem["decay"].get<double>() / 2 * sum(square(w));
}

nn::Minimum solve(const json& problem, Point& point, const nn::LBFGSOptions& options) {
  point.x = oracle::array_from(problem["start"], Shape{problem["start"].size()});
  Tape<double> tape;
  return nn::LBFGS<double>(options).minimize(point, tape, [&] {
    const auto x = tape.parameter(point.x);
    return problem.contains("decay") ? logistic(x, problem) : rosenbrock(x);
  });
}

}  // namespace

TEST_CASE("oracle: LBFGS converges as SciPy's L-BFGS-B does") {
  CHECK(oracle::read("minima.json").at("problems").size() == 5);
  for (const json& problem : oracle::read("minima.json").at("problems")) {
    DYNAMIC_SECTION(problem["name"].get<std::string>()) {
      Point point;
      const nn::Minimum usual = solve(problem, point, {});
      INFO(usual.iterations << " steps, " << usual.evaluations << " losses; SciPy: "
                            << problem["iterations"] << ", " << problem["evaluations"]);
      CHECK(usual.converged());
      const double minimum = problem["minimum"], theirs = problem["loss"];
      CHECK(usual.loss - minimum <= std::max(2 * (theirs - minimum), 1e-8));
      CHECK(static_cast<double>(usual.iterations) <= 1.5 * problem["iterations"].get<double>());
      CHECK(static_cast<double>(usual.evaluations) <= 1.5 * problem["evaluations"].get<double>());
      const nn::Minimum exact =
          solve(problem, point, {.gradient_tolerance = 1e-10, .value_tolerance = 0});
      CHECK(exact.loss == Approx(minimum).margin(1e-15));
      const auto place = oracle::array_from(problem["place"], point.x.shape());
      CHECK(oracle::difference(point.x, place, 1e-7, false) == "");
    }
  }
}

}  // namespace xtape
