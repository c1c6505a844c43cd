#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape.hpp"

/// @file
/// Is a gradient right? gradcheck() compares what the tape computes, in double precision, with the
/// central differences (f(x + h) - f(x - h)) / 2h of each element x:
///
///     auto result = gradcheck([](auto x, auto y) { return x * sigmoid(y); }, {a, b});
///     if (!result) std::cout << result;
///
/// The function must give the same value whenever it is called with the same operands: one that
/// draws random numbers takes them from tape.rng(), which is reset before each call, or from an Rng
/// that it seeds itself. Keep the operands away from points where it is not differentiable.

namespace xtape {

/// How gradcheck compares. It throws ValueError for options out of range.
struct GradcheckOptions {
  /// h = step * max(1, |x|). The default, the cube root of the rounding error of a double, is where
  /// the errors of truncation and of rounding are about equal.
  double step = 6e-6;

  /// An element passes when |analytic - numeric| is at most
  /// absolute_tolerance + relative_tolerance * max(|analytic|, |numeric|). Rounding alone gives
  /// the numeric one an error of about 4e-11 |f|: raise the absolute tolerance for a large f.
  ///@{
  double relative_tolerance = 1e-6;
  double absolute_tolerance = 1e-8;
  ///@}

  /// How many elements of each input to compare, drawn at random; 0 compares all.
  std::size_t max_elements = 0;

  /// Seeds whatever is random about a check.
  std::uint64_t seed = 42;
};

/// One element of one input, with both of its gradients.
struct GradcheckElement {
  std::size_t input;  ///< Which input, counted from 0.
  Shape index;        ///< The element's place in it, one number for each axis.
  double analytic;    ///< From the tape; 0 when the result does not depend on the input.
  double numeric;     ///< The central difference.
  double error;       ///< |analytic - numeric|.
};

/// What gradcheck found: `if (!result)` asks whether gradients disagree.
struct GradcheckResult {
  std::size_t compared = 0;  ///< How many elements were compared.
  std::size_t failed = 0;    ///< How many of them did not agree.

  /// The first ten failures, in the order of the inputs and of their elements.
  std::vector<GradcheckElement> failures;

  /// The element of each input that is farthest from agreeing, measured in its tolerance; none for
  /// an input without elements.
  std::vector<GradcheckElement> worst;

  /// Whether all elements that were compared agree.
  ///@{
  bool passed() const { return failed == 0; }
  explicit operator bool() const { return passed(); }
  ///@}
};

/// What happened, for people to read: one line when the check passed, a line for each failure
/// listed when it failed.
///@{
std::string to_string(const GradcheckResult& result);
std::ostream& operator<<(std::ostream& out, const GradcheckResult& result);
///@}

namespace detail {

using GradcheckFunction = std::function<Variable<double>(Tape<double>&)>;
using GradcheckOperands = std::span<const Variable<double>>;

GradcheckResult gradcheck_parameters(const GradcheckFunction& function,
                                     std::span<Array<double>* const> parameters,
                                     const GradcheckOptions& options);
GradcheckResult gradcheck_inputs(const std::function<Variable<double>(GradcheckOperands)>& function,
                                 std::vector<Array<double>> inputs,
                                 const GradcheckOptions& options);

template <std::size_t>
using GradcheckOperand = const Variable<double>&;

/// f(x[0], ..., x[n - 1]) for the n that f takes, at most four, or f(x).
template <class F, std::size_t... I>
Variable<double> call_with_operands(F& f, GradcheckOperands x, std::index_sequence<I...>) {
  if constexpr (std::invocable<F&, GradcheckOperand<I>...>) {
    require<ValueError>(x.size() == sizeof...(I), "gradcheck: got {} inputs for a function of {}",
                        x.size(), sizeof...(I));
    return f(x[I]...);
  } else if constexpr (sizeof...(I) < 4) {
    return call_with_operands(f, x, std::make_index_sequence<sizeof...(I) + 1>());
  } else {
    static_assert(std::invocable<F&, GradcheckOperands>,
                  "gradcheck checks a function of one to four Variables, or of a "
                  "std::span<const Variable<double>>, that returns a Variable<double>");
    return f(x);
  }
}

}  // namespace detail

/// Checks a function of Variables, one for each array in `inputs`: one to four parameters, or one
/// std::span<const Variable<double>>. A result that is not one number is multiplied by fixed random
/// weights and summed, so that its whole vector-Jacobian product is checked.
///
/// A gradient that the tape does not have counts as zeros; NaN never agrees with anything. Throws
/// ValueError when there are no inputs, when the function takes another number of them, or for
/// options out of range, ShapeError for an input that was moved from; what the function throws
/// passes through.
///@{
template <class F>
GradcheckResult gradcheck(F&& f, std::same_as<std::vector<Array<double>>> auto inputs,
                          const GradcheckOptions& options = {}) {
  const auto call = [&f](detail::GradcheckOperands x) {
    return detail::call_with_operands(f, x, std::index_sequence<0>());
  };
  return detail::gradcheck_inputs(call, std::move(inputs), options);
}
template <class F>
GradcheckResult gradcheck(F&& f, std::initializer_list<Array<double>> inputs,
                          const GradcheckOptions& options = {}) {
  return gradcheck(f, std::vector<Array<double>>(inputs), options);
}
///@}

/// The same for a model: `loss(tape)` computes something from the arrays that `parameters` point to
/// as Tape::parameter, and these are changed in place, an element at a time. When this returns or
/// throws they are as they were, to the bit.
///@{
template <class Loss>
GradcheckResult gradcheck(Loss&& loss,
                          const std::same_as<std::vector<Array<double>*>> auto& parameters,
                          const GradcheckOptions& options = {}) {
  return detail::gradcheck_parameters(std::ref(loss), parameters, options);
}
template <class Loss>
GradcheckResult gradcheck(Loss&& loss, std::initializer_list<Array<double>*> parameters,
                          const GradcheckOptions& options = {}) {
  return detail::gradcheck_parameters(std::ref(loss), {parameters.begin(), parameters.size()},
                                      options);
}
///@}

}  // namespace xtape
