#include "autograd/gradcheck.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>

#include "autograd/arithmetic.hpp"
#include "autograd/reductions.hpp"

namespace xtape {
namespace {

constexpr std::size_t max_failures = 10;

/// Gives `number` another value for as long as it lives.
class Replaced {
 public:
  Replaced(double& number, double value) : number_(number), before_(std::exchange(number, value)) {}
  ~Replaced() { number_ = before_; }
  Replaced(const Replaced&) = delete;
  Replaced& operator=(const Replaced&) = delete;

 private:
  double& number_;
  double before_;
};

/// The function as one number, recorded on a tape that begins anew.
Variable<double> evaluate(const detail::GradcheckFunction& function, std::uint64_t seed,
                          Tape<double>& tape) {
  tape.rewind();
  tape.rng() = Rng(seed);
  const Variable<double> y = function(tape);
  if (y.value().size() == 1) {
    return y;
  }
  return sum(y * tape.constant([&](Array<double>& weights) {
    resize(weights, y.shape());
    Rng(seed).fill_uniform(std::span(weights.data(), weights.size()), -1, 1);
  }));
}

double central_difference(const detail::GradcheckFunction& function,
                          const GradcheckOptions& options, Tape<double>& tape, double& x) {
  const double h = options.step * std::max(1.0, std::abs(x));
  const auto value_at = [&](double moved) {
    const Replaced replaced(x, moved);
    return evaluate(function, options.seed, tape).item();
  };
  const double after = x + h, before = x - h;  // what rounding has left of h is after - before
  return (value_at(after) - value_at(before)) / (after - before);
}

/// The elements of an input to compare: all, or a random sample, in order.
std::vector<std::size_t> choose_elements(std::size_t count, std::size_t wanted, Rng& rng) {
  std::vector<std::size_t> chosen(count);
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  if (wanted != 0 && wanted < count) {
    rng.shuffle(std::span(chosen));
    chosen.resize(wanted);
    std::sort(chosen.begin(), chosen.end());
  }
  return chosen;
}

Shape index_of(std::size_t element, const Shape& shape) {
  Shape index = shape;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = element % shape[axis];
    element /= shape[axis];
  }
  return index;
}

/// The error of an element in units of what is allowed: it passes up to 1. Infinite where NaN is
/// involved.
double excess(const GradcheckElement& element, const GradcheckOptions& options) {
  if (element.error == 0) {
    return 0;
  }
  const double greater = std::max(std::abs(element.analytic), std::abs(element.numeric));
  const double excess =
      element.error / (options.absolute_tolerance + options.relative_tolerance * greater);
  return std::isnan(excess) ? INFINITY : excess;
}

void require_valid(std::span<Array<double>* const> parameters, const GradcheckOptions& options) {
  require<ValueError>(!parameters.empty(), "gradcheck: expected at least one input, got none");
  const auto null = std::find(parameters.begin(), parameters.end(), nullptr);
  require<ValueError>(null == parameters.end(), "gradcheck: input {} is a null pointer",
                      null - parameters.begin());
  for (std::size_t input = 0; input < parameters.size(); ++input) {
    require_whole(fmt::format("gradcheck: input {}", input).c_str(), *parameters[input]);
  }
  require<ValueError>(options.step > 0 && options.step < 1,
                      "gradcheck: expected a step between 0 and 1, got {}", options.step);
  require<ValueError>(options.relative_tolerance >= 0 && options.absolute_tolerance >= 0,
                      "gradcheck: expected tolerances of at least 0, got {} and {}",
                      options.relative_tolerance, options.absolute_tolerance);
}

std::string describe(const GradcheckElement& element) {
  return fmt::format("input {} at {}: analytic {:.9g}, numeric {:.9g}, error {:.2g}", element.input,
                     element.index, element.analytic, element.numeric, element.error);
}

/// Compares one input after the other.
class Comparison {
 public:
  Comparison(const detail::GradcheckFunction& function, const GradcheckOptions& options)
      : function_(function), options_(options), rng_(options.seed) {}

  /// `grad` is nullptr where the gradient is zeros.
  void add(std::size_t input, Array<double>& array, const Array<double>* grad) {
    double greatest = -1;
    for (const std::size_t i : choose_elements(array.size(), options_.max_elements, rng_)) {
      const double analytic = grad != nullptr ? grad->data()[i] : 0;
      const double numeric = central_difference(function_, options_, tape_, array.data()[i]);
      const GradcheckElement element{input, index_of(i, array.shape()), analytic, numeric,
                                     std::abs(analytic - numeric)};
      const double here = excess(element, options_);
      if (greatest < 0) {
        result.worst.push_back(element);
      } else if (here > greatest) {
        result.worst.back() = element;
      }
      greatest = std::max(greatest, here);
      ++result.compared;
      if (here > 1 && ++result.failed <= max_failures) {
        result.failures.push_back(element);
      }
    }
  }

  GradcheckResult result;

 private:
  const detail::GradcheckFunction& function_;
  const GradcheckOptions& options_;
  Tape<double> tape_;
  Rng rng_;
};

}  // namespace

GradcheckResult detail::gradcheck_parameters(const GradcheckFunction& function,
                                             std::span<Array<double>* const> parameters,
                                             const GradcheckOptions& options) {
  require_valid(parameters, options);
  Tape<double> tape;
  const Variable<double> y = evaluate(function, options.seed, tape);
  if (y.needs_grad()) {
    tape.backward(y);
  }
  Comparison comparison(function, options);
  for (std::size_t input = 0; input < parameters.size(); ++input) {
    comparison.add(input, *parameters[input], tape.find_grad(*parameters[input]));
  }
  return std::move(comparison.result);
}

GradcheckResult detail::gradcheck_inputs(
    const std::function<Variable<double>(GradcheckOperands)>& function,
    std::vector<Array<double>> inputs, const GradcheckOptions& options) {
  std::vector<Array<double>*> parameters;
  parameters.reserve(inputs.size());
  for (Array<double>& input : inputs) {
    parameters.push_back(&input);
  }
  std::vector<Variable<double>> operands;
  const auto call = [&](Tape<double>& tape) {
    operands.clear();
    for (const Array<double>& input : inputs) {
      operands.push_back(tape.parameter(input));
    }
    return function(operands);
  };
  return gradcheck_parameters(call, parameters, options);
}

std::string to_string(const GradcheckResult& result) {
  if (result.passed()) {
    double greatest = 0;
    for (const GradcheckElement& element : result.worst) {
      greatest = std::max(greatest, element.error);
    }
    return fmt::format("gradcheck: passed: {} elements compared, greatest error {:.2g}",
                       result.compared, greatest);
  }
  std::string text =
      fmt::format("gradcheck: {} of {} elements differ", result.failed, result.compared);
  for (const GradcheckElement& element : result.failures) {
    text += "\n  " + describe(element);
  }
  if (result.failed > result.failures.size()) {
    text += fmt::format("\n  and {} more", result.failed - result.failures.size());
    for (const GradcheckElement& element : result.worst) {
      text += "\n  worst of " + describe(element);
    }
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const GradcheckResult& result) {
  return out << to_string(result);
}

}  // namespace xtape
