#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/module.hpp"
#include "nn/optim/optimizer.hpp"

namespace xtape::nn {

/// Options of LBFGS. The tolerances are those of SciPy's L-BFGS-B. LBFGS throws ValueError if an
/// option is out of range.
struct LBFGSOptions {
  std::size_t max_iterations = 1000;      ///< The number of steps after which it stops. Above 0.
  std::size_t history = 10;               ///< The number of steps that it remembers. Above 0.
  double gradient_tolerance = 1e-5;       ///< It stops if no slope is greater. At least 0.
  double value_tolerance = 2e-9;          ///< It stops if a step lowers the loss by less than this
                                          ///< part of the loss, or of 1 if the loss is less.
  std::size_t max_line_evaluations = 20;  ///< The most losses of one line search. Above 0.
};

/// The reason why a minimisation stopped: a small gradient, a loss that no longer falls, the number
/// of iterations, or no lower point along the direction.
enum class Stop { gradient, value, iterations, line_search };

/// The result of a minimisation.
struct Minimum {
  double loss = 0;              ///< The lowest loss.
  double greatest_slope = 0;    ///< The greatest absolute value of an element of its gradient.
  std::size_t iterations = 0;   ///< The number of steps.
  std::size_t evaluations = 0;  ///< The number of losses and gradients computed.
  Stop stop = Stop::gradient;   ///< The reason why it stopped.

  /// True if a tolerance was reached.
  bool converged() const { return stop == Stop::gradient || stop == Stop::value; }
};

namespace detail {

/// Computes a loss and its gradient at a point.
using Objective = std::function<double(std::span<const double> point, std::span<double> gradient)>;

/// Throws ValueError if an option is out of range.
void require_sound(const LBFGSOptions& options);

/// Moves the point to a minimum of the objective. If the objective throws, the point is the lowest
/// so far.
Minimum minimize(const LBFGSOptions& options, const Objective& objective,
                 std::vector<double>& point);

/// Copies all parameters of a model to or from one list of numbers, in the order of its visit
/// lines.
///@{
template <class T, class Model>
std::vector<double> numbers_of(Model& model) {
  std::vector<double> numbers;
  for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) {
    require_whole("LBFGS", name, parameter);
    numbers.insert(numbers.end(), parameter.data(), parameter.data() + parameter.size());
  });
  return numbers;
}
template <class T, class Model>
void set_numbers(Model& model, std::span<const double> numbers) {
  const double* next = numbers.data();
  for_each_parameter(model, [&](const ParameterName&, Array<T>& parameter) {
    for (T& element : std::span(parameter.data(), parameter.size())) {
      element = static_cast<T>(*next++);
    }
  });
}
///@}

}  // namespace detail

/// The method of Broyden, Fletcher, Goldfarb and Shanno with limited memory (Liu and Nocedal 1989),
/// with a line search for the strong Wolfe conditions. It is for smooth losses over all data at
/// once, without random numbers: fits of parameters, logistic regression, other scientific models.
/// It minimises in one call:
///
///     nn::LBFGS<double> lbfgs;
///     const nn::Minimum minimum = lbfgs.minimize(model, tape, [&] { return loss(model(x), y); });
///
/// Points and gradients between losses are held in double precision.
template <class T = float>
class LBFGS {
 public:
  /// Takes the options. Throws ValueError if one is out of range.
  explicit LBFGS(const LBFGSOptions& initial = {}) : options(initial) {
    detail::require_sound(options);
  }

  /// The options. They may change between calls.
  LBFGSOptions options;

  /// Moves the parameters of the model to a minimum of the loss near them. `loss()` records the
  /// loss on the tape, which is rewound before each call, and returns it. Frozen parameters stay.
  /// Afterwards the parameters are those of the lowest loss, and the tape holds some recording.
  ///
  /// If loss() throws, the parameters are those of the lowest loss so far. Throws ValueError if an
  /// option is out of range, or unless the first loss is finite. Throws TapeError if a parameter
  /// has no gradient.
  template <class Model, class Loss>
  Minimum minimize(Model&& model, Tape<T>& tape, Loss&& loss) const {
    detail::require_sound(options);
    std::vector<double> point = detail::numbers_of<T>(model);
    const detail::Objective objective = [&](std::span<const double> at, std::span<double> slopes) {
      detail::set_numbers<T>(model, at);
      tape.rewind();
      const Variable<T> value = loss();
      tape.backward(value);
      double* next = slopes.data();
      for_each_parameter(model, [&](const ParameterName& name, const Array<T>& parameter) {
        const Array<T>* grad = detail::gradient_of("LBFGS", name, parameter, tape);
        next = grad == nullptr ? std::fill_n(next, parameter.size(), 0.0)
                               : std::copy_n(grad->data(), parameter.size(), next);
      });
      return static_cast<double>(value.item());
    };
    try {
      const Minimum minimum = detail::minimize(options, objective, point);
      detail::set_numbers<T>(model, point);
      return minimum;
    } catch (...) {
      detail::set_numbers<T>(model, point);
      throw;
    }
  }
};

}  // namespace xtape::nn
