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
/// that it seeds itself.
///
/// A central difference whose two points lie on different sides of a kink, such as that of relu at
/// 0, mixes two slopes and would refuse a right gradient. One-sided differences tell a kink from an
/// error: the parabola through x, x + h/2 and x + h has the derivative from the right at x, that
/// through x, x - h/2 and x - h the derivative from the left, and where f is smooth they differ by
/// a multiple of h^3 only. Where an element does not agree, and the two differ, for h or for h/2,
/// by at least a quarter of its error, there is a kink. Then the element is compared again, with h,
/// h/10, ..., h/10^5, each together with its half. Each adds the rounding error of its differences,
/// 16 epsilon |f| / h, to the tolerance; a smaller step than h is not taken when that is greater
/// than the tolerance and than a thousandth of the gradient. The element passes
///   - when the central differences of a step and of its half agree: the kink is farther away;
///   - when the one-sided differences of a step and of its half agree, on one of the sides: the
///     gradient is the derivative from that side, and so the derivative unless the kink is at x;
///   - when the one-sided differences of the last step and of its half are the same up to the
///     tolerance, so that the kink is at x, and the gradient lies between the two sides.
/// Otherwise it fails: beside a kink an error passes up to the tolerance and the rounding error
/// together, less than 0.2 % of a gradient that is 1000 times as large as either is for the step h.
/// A kink nearer than they can tell, 1e-12 or less for slopes of size 1, counts as at x. (A central
/// difference that agrees at once is believed, though a kink may by chance have made it agree with
/// a gradient that is wrong.)
///
/// Elements at kinks say little about a gradient. They are counted, and more than a quarter of the
/// elements of an input make a check fail.

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
  double numeric;     ///< The central difference; near a kink the difference that agrees.
  double error;       ///< |analytic - numeric|.
};

/// What gradcheck found: `if (!result)` asks whether gradients disagree.
struct GradcheckResult {
  std::size_t compared = 0;  ///< How many elements were compared.
  std::size_t failed = 0;    ///< How many of them did not agree.
  std::size_t at_kinks = 0;  ///< How many agreed, but not with a central difference of any step.

  /// The first ten failures, in the order of the inputs and of their elements.
  std::vector<GradcheckElement> failures;

  /// The element of each input that is farthest from agreeing, measured in its tolerance; none for
  /// an input without elements.
  std::vector<GradcheckElement> worst;

  /// The inputs of which more than a quarter of the elements are at kinks.
  std::vector<std::size_t> unproved;

  /// Whether all elements that were compared agree, and few enough are at kinks.
  ///@{
  bool passed() const { return failed == 0 && unproved.empty(); }
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
