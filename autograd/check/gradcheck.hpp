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
/// A check of gradients by finite differences. gradcheck() compares the gradients of the tape, in
/// double precision, with the central difference (f(x + h) - f(x - h)) / 2h of each element x:
///
///     auto result = gradcheck([](auto x, auto y) { return x * sigmoid(y); }, {a, b});
///     if (!result) std::cout << result;
///
/// The function must give the same value in each call with the same operands. If it draws random
/// numbers, it takes them from tape.rng(), which is reset before each call, or from an Rng that it
/// seeds itself.
///
/// **Kinks.** The two points of a central difference may lie on different sides of a kink, such as
/// relu's at 0. It then mixes two slopes and would reject a correct gradient. One-sided differences
/// tell a kink from an error. The parabola through x, x + h/2 and x + h gives the derivative at x
/// from the right. The parabola through x, x - h/2 and x - h gives the derivative from the left.
/// Where f is smooth, the two differ by a multiple of h^3 only, and the mean of both and of the
/// central difference changes as little with h. For an element that does not agree, gradcheck()
/// looks at h, h/2 and h/4. If the two differ, or the mean changes, by at least 1/32 of the
/// element's error at one of these steps, there is a kink.
///
/// Near a kink, the element is compared again with h, h/10, ..., h/10^5, each together with its
/// half. The rounding error of each difference, 16 epsilon |f| / h, is added to the tolerance. A
/// step smaller than h is skipped if its rounding error exceeds both the tolerance and a thousandth
/// of the gradient. The element passes in three cases:
/// - The central differences of a step and of its half agree: the kink is farther away.
/// - The one-sided differences of a step and of its half agree on one of the sides. The gradient is
///   the derivative from that side. So it is the derivative, unless the kink is at x.
/// - The one-sided differences of the last step, its half and its quarter are equal within the
///   tolerance. Then the kink is at x, and the gradient must lie between the two sides.
///
/// Otherwise it fails if the differences of one side are equal, and the gradient differs from them
/// by more than four times the tolerance. Smaller steps may show this, too. Where kinks are dense,
/// as in deep networks of rectifiers, neither side may settle. Then the element is undecided if its
/// gradient lies in the range of all these differences, or outside by at most the width of that
/// range. If it is farther away, it fails. Near a kink, the largest error that passes is the
/// tolerance plus the rounding error. If a gradient is 1000 times as large as each of them at step
/// h, this is less than 0.2 % of it. A kink nearer than the differences can resolve, 1e-12 or less
/// for slopes of size 1, counts as at x. A central difference that agrees at once is accepted,
/// although a kink may by chance have made it agree with a wrong gradient.
///
/// Elements at kinks say little about a gradient, and undecided ones less. They are counted. The
/// check fails if they are together more than a quarter of the elements of an input.

namespace xtape {

/// Options of gradcheck(), which throws ValueError if one is out of range.
struct GradcheckOptions {
  /// The step: h = step * max(1, |x|). The default, the cube root of the rounding error of a
  /// double, balances truncation and rounding errors.
  double step = 6e-6;

  /// An element passes if |analytic - numeric| is at most absolute_tolerance + relative_tolerance *
  /// max(|analytic|, |numeric|). The numeric gradient has a rounding error of about 4e-11 |f|, so
  /// raise the absolute tolerance for a large f.
  ///@{
  double relative_tolerance = 1e-6;
  double absolute_tolerance = 1e-8;
  ///@}

  /// The number of elements of each input to compare, drawn at random. 0 compares all.
  std::size_t max_elements = 0;

  /// The seed of everything random in a check.
  std::uint64_t seed = 42;
};

/// One element of one input, with both gradients.
struct GradcheckElement {
  std::size_t input;  ///< The number of the input, counted from 0.
  Shape index;        ///< The index of the element, one number per axis.
  double analytic;    ///< The gradient of the tape. 0 if the result does not depend on the input.
  double numeric;     ///< The central difference. Near a kink, the difference that agrees. The
                      ///< gradient itself between two slopes, and if undecided.
  double error;       ///< |analytic - numeric|.
};

/// The result of gradcheck(). `if (!result)` is true if gradients disagree.
struct GradcheckResult {
  std::size_t compared = 0;   ///< The number of elements compared.
  std::size_t failed = 0;     ///< The number of elements that disagree.
  std::size_t at_kinks = 0;   ///< The number that agree, but not with a central difference.
  std::size_t undecided = 0;  ///< The number that neither agree nor disagree.

  /// The first ten failures, in the order of inputs and elements.
  std::vector<GradcheckElement> failures;

  /// For each input, the element with the largest error relative to its tolerance. An input without
  /// elements has none.
  std::vector<GradcheckElement> worst;

  /// The inputs with more than a quarter of their elements at kinks or undecided.
  std::vector<std::size_t> unproved;

  /// True if all compared elements agree, and few enough are at kinks or undecided.
  ///@{
  bool passed() const { return failed == 0 && unproved.empty(); }
  explicit operator bool() const { return passed(); }
  ///@}
};

/// Describes the result for people: one line if the check passed, otherwise a line for each listed
/// failure.
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

/// Returns f(x[0], ..., x[n - 1]) for the n that f takes, at most four, or f(x).
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

/// Checks a function of Variables, one for each array in `inputs`. The function takes one to four
/// Variables, or one std::span<const Variable<double>>. If its result is not a scalar, it is
/// multiplied by fixed random weights and summed, so the whole vector-Jacobian product is checked.
///
/// A gradient that the tape does not have counts as zeros. NaN never agrees. Throws ValueError if
/// there are no inputs, if the function takes another number of them, or if an option is out of
/// range. Throws ShapeError if an input was moved from. Exceptions of the function pass through.
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

/// Checks a model. `loss(tape)` computes something from the arrays in `parameters`, which it
/// records with Tape::parameter. The arrays are changed in place, an element at a time. When
/// gradcheck returns or throws, they are bit-identical to before.
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
