#include "autograd/check/gradcheck.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <ostream>

#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/reductions.hpp"

namespace xtape {
namespace {

constexpr std::size_t max_failures = 10;

/// Changes `number` for the lifetime of the object.
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

/// Returns the function as a scalar, recorded on a rewound tape.
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

/// Differences of one step h: the central one, and the derivatives at x of two parabolas, through
/// x, x + h / 2, x + h and through x, x - h / 2, x - h.
struct Differences {
  double left, central, right;

  double jump() const { return std::abs(right - left); }

  /// Where the function is smooth, the errors of order h^2 cancel.
  double mean() const { return (left + central + right) / 3; }
};

/// The function of one element, with all other elements fixed.
class Section {
 public:
  /// Creates the section. `value` is the function's value at x.
  Section(const detail::GradcheckFunction& function, const GradcheckOptions& options,
          Tape<double>& tape, double& x, double value)
      : function_(function), options_(options), tape_(tape), x_(x), value_(value) {}

  double step() const { return options_.step * std::max(1.0, std::abs(x_)); }

  /// Returns a bound for the rounding error of a difference of step h.
  double rounding(double h) const {
    return 8 * std::numeric_limits<double>::epsilon() * std::abs(value_) / h;
  }

  double central_difference(double h) const {
    const double after = x_ + h, before = x_ - h;  // rounded: the step is after - before
    return (value_at(after) - value_at(before)) / (after - before);
  }

  Differences differences(double h) const {
    return {one_sided_difference(-h), central_difference(h), one_sided_difference(h)};
  }

 private:
  double value_at(double moved) const {
    const Replaced replaced(x_, moved);
    return evaluate(function_, options_.seed, tape_).item();
  }

  double one_sided_difference(double h) const {
    const double middle = x_ + h / 2, far = x_ + h;
    const double to_middle = (value_at(middle) - value_) / (middle - x_);
    const double to_far = (value_at(far) - value_) / (far - x_);
    return (to_middle * (far - x_) - to_far * (middle - x_)) / (far - middle);
  }

  const detail::GradcheckFunction& function_;
  const GradcheckOptions& options_;
  Tape<double>& tape_;
  double& x_;
  double value_;
};

/// The result of comparing an element's gradient with differences.
struct Verdict {
  double numeric;          ///< The difference that was compared.
  double excess;           ///< The error divided by the allowed error; the element passes up to 1.
  bool at_kink = false;    ///< True if it passes, but not by a central difference.
  bool undecided = false;  ///< True if no difference settles; excess is 0.
};

/// The range of the slopes of an element.
struct Slopes {
  double least = std::numeric_limits<double>::infinity(), most = -least;

  void add(const Differences& by) {
    least = std::min({least, by.left, by.central, by.right});
    most = std::max({most, by.left, by.central, by.right});
  }

  double size() const { return std::max(std::abs(least), std::abs(most)); }

  /// True if the range explains the number: it is no farther away than the range is wide.
  bool explain(double number) const {
    const double width = most - least;
    return least - width <= number && number <= most + width;
  }
};

/// Judges the gradient of one element by the rules in the header.
class Judge {
 public:
  Judge(const Section& section, double analytic, const GradcheckOptions& options)
      : section_(section), analytic_(analytic), options_(options) {}

  Verdict judge() const {
    const double h = section_.step();
    const Verdict central = compare(section_.central_difference(h), 0);
    const bool passes = central.excess <= 1;
    return passes || !kinked(h, central) ? central : judge_near_kink(h, central);
  }

 private:
  static constexpr int most_steps = 6;

  double tolerance(double numeric) const {
    return options_.absolute_tolerance +
           options_.relative_tolerance * std::max(std::abs(analytic_), std::abs(numeric));
  }

  /// Compares the gradient with a difference. The excess is infinite if NaN is involved.
  Verdict compare(double numeric, double rounding) const {
    const double error = std::abs(analytic_ - numeric);
    const double excess = error == 0 ? 0 : error / (tolerance(numeric) + rounding);
    return {numeric, std::isnan(excess) ? std::numeric_limits<double>::infinity() : excess};
  }

  /// True if kinks explain the error of the central difference of step h. A kink at h / 3 shows
  /// only with smaller steps. Several kinks may by chance hide from one test, but not from all.
  bool kinked(double h, const Verdict& central) const {
    const double enough = std::abs(analytic_ - central.numeric) / 32;
    Differences wider = section_.differences(h);
    bool found = wider.jump() >= enough;
    for (int i = 0; i < 2 && !found; ++i) {
      const Differences narrower = section_.differences(h /= 2);
      found = narrower.jump() >= enough || std::abs(narrower.mean() - wider.mean()) >= enough;
      wider = narrower;
    }
    return found;
  }

  /// Judges by the steps from h on. `central` is the failing verdict on the step h.
  Verdict judge_near_kink(double h, const Verdict& central) const {
    std::optional<Verdict> one_sided;
    Slopes slopes;
    double last = h;
    for (int i = 0; i < most_steps; ++i, h /= 10) {
      const double rounding = section_.rounding(h / 2);
      if (i > 0 && rounding > std::max(tolerance(analytic_), std::abs(analytic_) / 1000)) {
        break;
      }
      const Differences whole = section_.differences(h), half = section_.differences(h / 2);
      const auto compare_both = [&](double Differences::*kind) {
        const Verdict a = compare(whole.*kind, rounding), b = compare(half.*kind, rounding);
        return a.excess > b.excess ? a : b;
      };
      const Verdict by_central = compare_both(&Differences::central);
      if (by_central.excess <= 1) {
        return by_central;
      }
      for (const auto side : {&Differences::left, &Differences::right}) {
        const Verdict verdict = compare_both(side);
        if (verdict.excess <= 1 && !one_sided) {
          one_sided = {verdict.numeric, verdict.excess, true};
        }
      }
      slopes.add(whole), slopes.add(half);
      last = h;
    }
    Verdict verdict = one_sided ? *one_sided : compare_settled(last, slopes);
    for (int i = 0; i < most_steps && verdict.undecided; ++i) {  // a small gradient stops early
      last /= 10;
      if (section_.rounding(last) > slopes.size() / 1000) {
        break;
      }
      verdict = compare_settled(last, slopes);
    }
    return verdict.undecided && !slopes.explain(analytic_) ? central : verdict;
  }

  /// Compares with the slopes on both sides. A slope settles if it does not depend on the step.
  /// Between two slopes that settle, where the kink is at x, every gradient passes. A gradient far
  /// from a slope that settles fails. Otherwise nothing is decided.
  Verdict compare_settled(double h, Slopes& slopes) const {
    const double rounding = section_.rounding(h / 4);
    const Differences steps[] = {section_.differences(h), section_.differences(h / 2),
                                 section_.differences(h / 4)};
    std::for_each(std::begin(steps), std::end(steps), [&](const auto& by) { slopes.add(by); });
    const auto settles = [&](double Differences::*side) {
      const auto [least, most] = std::minmax({steps[0].*side, steps[1].*side, steps[2].*side});
      return most - least <= tolerance(most) + rounding;
    };
    const bool left = settles(&Differences::left), right = settles(&Differences::right);
    const auto [least, most] = std::minmax(steps[1].left, steps[1].right);
    if (left && right && least <= analytic_ && analytic_ <= most) {
      return {.numeric = analytic_, .excess = 0, .at_kink = true};
    }
    const Verdict settled = compare(left ? steps[1].left : steps[1].right, rounding);
    if ((left || right) && settled.excess > 4) {  // less may be chance
      return settled;
    }
    return {.numeric = analytic_, .excess = 0, .undecided = true};
  }

  const Section& section_;
  double analytic_;
  const GradcheckOptions& options_;
};

/// Returns the elements of an input to compare, in order: all, or a random sample.
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
  /// Creates the comparison. `value` is the function's value.
  Comparison(const detail::GradcheckFunction& function, const GradcheckOptions& options,
             double value)
      : function_(function), options_(options), value_(value), rng_(options.seed) {}

  /// Compares the elements of one input. `grad` is nullptr if the gradient is zero.
  void add(std::size_t input, Array<double>& array, const Array<double>* grad) {
    const auto elements = choose_elements(array.size(), options_.max_elements, rng_);
    double greatest = -1;
    std::size_t at_kinks = 0, undecided = 0;
    for (const std::size_t i : elements) {
      const double analytic = grad != nullptr ? grad->data()[i] : 0;
      const Section section(function_, options_, tape_, array.data()[i], value_);
      const Verdict verdict = Judge(section, analytic, options_).judge();
      const GradcheckElement element{input, index_of(i, array.shape()), analytic, verdict.numeric,
                                     std::abs(analytic - verdict.numeric)};
      if (greatest < 0) {
        result.worst.push_back(element);
      } else if (verdict.excess > greatest) {
        result.worst.back() = element;
      }
      greatest = std::max(greatest, verdict.excess);
      at_kinks += verdict.at_kink ? 1 : 0;
      undecided += verdict.undecided ? 1 : 0;
      if (verdict.excess > 1 && ++result.failed <= max_failures) {
        result.failures.push_back(element);
      }
    }
    result.compared += elements.size();
    result.at_kinks += at_kinks;
    result.undecided += undecided;
    if (at_kinks + undecided > elements.size() / 4) {
      result.unproved.push_back(input);
    }
  }

  GradcheckResult result;

 private:
  const detail::GradcheckFunction& function_;
  const GradcheckOptions& options_;
  double value_;
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
  Comparison comparison(function, options, y.item());
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
    return fmt::format(
        "gradcheck: passed: {} elements compared{}{}, greatest error {:.2g}", result.compared,
        result.at_kinks > 0 ? fmt::format(", {} at kinks", result.at_kinks) : "",
        result.undecided > 0 ? fmt::format(", {} undecided", result.undecided) : "", greatest);
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
  for (const std::size_t input : result.unproved) {
    text += fmt::format(
        "\n  input {}: more than a quarter of its elements are at kinks or undecided", input);
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const GradcheckResult& result) {
  return out << to_string(result);
}

}  // namespace xtape
