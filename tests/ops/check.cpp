#include "tests/ops/check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <optional>
#include <regex>
#include <string>

#include "autograd/check/gradcheck.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/evaluate.hpp"
#include "tests/support/operands.hpp"

namespace xtape {
namespace {

using Operands = std::vector<Array<double>>;

Array<double> fill(Domain domain, const Shape& shape, Rng& rng) {
  switch (domain) {
    case Domain::positive:
      return positive(shape, rng);
    case Domain::off_zero:
      return off_zero(shape, rng);
    case Domain::distinct:
      return distinct(shape, rng);
    case Domain::dominant:
      return dominant(shape, rng);
    case Domain::definite:
      return definite(shape, rng);
    case Domain::wholes:
      return near_wholes(shape, rng);
    case Domain::halves:
      return near_wholes(shape, rng) + 0.5;
    default:
      return anywhere(shape, rng);
  }
}

/// How a row is used: once; twice, so that a second contribution meets the first; with the first
/// operand in place of all others of its shape.
enum class Use { once, twice, aliased };

/// A use of a row at a sample, in either precision.
struct Subject {
  const Row& row;
  const Sample& sample;
  Use use = Use::once;

  /// Whether operand i is the first one.
  bool first(std::size_t i) const {
    return use == Use::aliased && same_shape(sample.shapes[i], sample.shapes[0]);
  }

  template <class T>
  Variable<T> operator()(std::span<const Variable<T>> x) const {
    std::vector<Variable<T>> operands{x[0]};
    std::size_t next = 1;
    for (std::size_t i = 1; i < sample.shapes.size(); ++i) {
      operands.push_back(first(i) ? x[0] : x[next++]);
    }
    const Variable<T> y = row.call(std::span<const Variable<T>>(operands), sample.of);
    return use == Use::twice ? y * T(0.375) + row.call(x, sample.of) : y;
  }
};

/// Calls check(subject, operands) for each sample of a row and each use.
template <class Check>
void at_samples(const Row& row, std::initializer_list<Use> uses, Check check) {
  for (const Sample& sample : row.kind.samples) {
    const Operands all = operands_of(row, sample);
    std::string shapes;
    for (const Shape& shape : sample.shapes) {
      shapes += to_string(shape) + " ";
    }
    for (const Use use : uses) {
      const Subject subject{row, sample, use};
      Operands operands{all[0]};
      for (std::size_t i = 1; i < all.size(); ++i) {
        if (!subject.first(i)) {
          operands.push_back(all[i]);
        }
      }
      INFO(row.text << " of " << shapes);
      if (use != Use::aliased || operands.size() < all.size()) {
        check(subject, operands);
      }
    }
  }
}

template <class T>
std::vector<Variable<T>> variables(Tape<T>& tape, const Operands& operands) {
  std::vector<Variable<T>> x;
  for (const Array<double>& operand : operands) {
    x.push_back(tape.variable(converted<T>(operand)));
  }
  return x;
}

/// The value, and the gradient of each operand for a random gradient of the value.
template <class T>
std::vector<Array<T>> differentiate(const Subject& subject, const Operands& operands) {
  Tape<T> tape;
  const auto x = variables(tape, operands);
  const Variable<T> y = subject(std::span(x));
  Rng rng(2);
  tape.backward(sum(y * tape.constant(converted<T>(anywhere(y.shape(), rng)))));
  std::vector<Array<T>> results{y.value()};
  for (const Variable<T>& each : x) {
    results.push_back(each.grad());
  }
  return results;
}

/// Checks that backward() from a cotangent gives what the sum of products does, also when the
/// recording is walked again.
template <class T>
void check_passes(const Subject& subject, const Operands& operands) {
  const auto expected = differentiate<T>(subject, operands);
  Tape<T> tape;
  tape.retain_graph(true);
  const auto x = variables(tape, operands);
  const Variable<T> y = subject(std::span(x));
  Rng rng(2);
  const Array<T> cotangent = converted<T>(anywhere(y.shape(), rng));
  for (const T factor : {T(1), T(-2), T(1)}) {  // these factors do not round
    tape.backward(y, factor * cotangent);
    for (std::size_t i = 0; i < x.size(); ++i) {
      INFO("operand " << i << ", factor " << factor);
      CHECK(greatest_difference(x[i].grad(), Array<T>(factor * expected[i + 1])) == 0);
    }
  }
}

/// The numbers that break careless code.
constexpr float hostile_numbers[] = {std::numeric_limits<float>::quiet_NaN(),
                                     std::numeric_limits<float>::infinity(),
                                     -std::numeric_limits<float>::infinity(),
                                     std::numeric_limits<float>::max(),
                                     std::numeric_limits<float>::lowest(),
                                     std::numeric_limits<float>::denorm_min(),
                                     -0.f,
                                     0.f};

/// With hostile number `first`, or with all of them where there is no such number.
Operands hostile(Operands operands, std::size_t first) {
  const std::span numbers(hostile_numbers);
  std::size_t i = first;
  for (Array<double>& operand : operands) {
    for (double& element : operand.storage()) {
      element = static_cast<double>(numbers[first < numbers.size() ? first : i++ % numbers.size()]);
    }
  }
  return operands;
}

/// The number that a float is nearest to: infinite beyond the largest, 0 below the smallest normal
/// one.
double in_float(double x) {
  constexpr double most = std::numeric_limits<float>::max();
  constexpr double least = std::numeric_limits<float>::min();
  return std::abs(x) > most    ? std::copysign(std::numeric_limits<double>::infinity(), x)
         : std::abs(x) < least ? 0
                               : static_cast<double>(static_cast<float>(x));
}

template <class T>
Array<double> in_float(const Array<T>& array, double more = 0) {
  Array<double> rounded = converted<double>(array);
  std::transform(rounded.data(), rounded.data() + rounded.size(), rounded.data(),
                 [=](double x) { return in_float(x) + more; });
  return rounded;
}

/// Whether the expression of a row records a mask beside the op.
bool has_mask(const Row& row) {
  return std::regex_search(row.text, std::regex(" ([<>]=?|[=!]=) "));
}

/// Runs the subject and backward with allocation `k` failing, and again when it did; returns
/// whether it did.
bool survives_failure(const Subject& subject, const Operands& operands, std::size_t k,
                      const std::vector<Array<double>>& expected) {
  Tape<double> tape;
  const auto x = variables(tape, operands);
  Rng rng(2);
  const Array<double> weights = anywhere(expected[0].shape(), rng);
  std::optional<Variable<double>> y;
  const auto run = [&] {
    y = subject(std::span(x));
    tape.backward(sum(*y * tape.constant(weights)));
  };
  bool failed = true;
  try {
    const FailingAllocation failing(k);
    run();
    failed = failing.failed();
  } catch (const std::bad_alloc&) {
    CHECK_FALSE(tape.differentiated());
    const bool one_op = !y && subject.use == Use::once && !has_mask(subject.row);
    CHECK((!one_op || tape.size() == x.size()));
    run();
  }
  CHECK(greatest_difference(y->value(), expected[0]) == 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(greatest_difference(x[i].grad(), expected[i + 1]) == 0);
  }
  return failed;
}

/// Compares op and formula at random numbers of the domain, at every length.
template <class T>
void check_loops(const Row& row, const Loops<double>& formula) {
  Rng rng(5);
  for (const std::size_t length : ragged_lengths) {
    const Array<double> random = fill(row.domain(0), Shape{length}, rng);
    const Array<T> x = converted<T>(Array<double>(random * 1.375));
    const Array<double> exact = converted<double>(x);
    Array<double> values(x.shape()), slopes(x.shape());
    formula.values(exact.data(), values.data(), length);
    formula.slopes(exact.data(), values.data(), slopes.data(), length);
    const auto computed = evaluate(
        [&](Variable<T> v) { return row.call(std::span<const Variable<T>>(&v, 1), Of{}); }, x);
    INFO(row.text << " of " << length << " elements");
    CHECK(greatest_difference(computed.value, values) < rounding<T>);
    CHECK(greatest_difference(computed.grad, slopes) < rounding<T>);
  }
}

}  // namespace

std::vector<Array<double>> operands_of(const Row& row, const Sample& sample) {
  Rng rng(1);
  std::vector<Array<double>> operands;
  for (std::size_t i = 0; i < sample.shapes.size(); ++i) {
    operands.push_back(fill(row.domain(i), sample.shapes[i], rng));
  }
  return operands;
}

void check_gradients(const Row& row) {
  at_samples(row, {Use::once, Use::twice, Use::aliased},
             [](const Subject& subject, const Operands& operands) {
               // The sum of hundreds of results rounds more than the default tolerance allows for.
               CHECK(gradcheck([&](std::span<const Variable<double>> x) { return subject(x); },
                               operands, {.absolute_tolerance = 1e-7, .max_elements = 40}));
               const auto expected = differentiate<double>(subject, operands);
               const auto computed = differentiate<float>(subject, operands);
               for (std::size_t i = 0; i < expected.size(); ++i) {
                 INFO((i == 0 ? "value" : "gradient of operand " + std::to_string(i - 1)));
                 CHECK(greatest_difference(computed[i], expected[i]) < 2e-6);
               }
             });
}

void check_cotangents(const Row& row) {
  at_samples(row, {Use::once, Use::twice}, [](const Subject& subject, const Operands& operands) {
    check_passes<float>(subject, operands);
    check_passes<double>(subject, operands);
  });
}

void check_hostile_numbers(const Row& row) {
  at_samples(row, {Use::once, Use::aliased}, [](const Subject& subject, const Operands& operands) {
    const auto expected = differentiate<double>(subject, operands);
    for (std::size_t first = 0; first <= std::size(hostile_numbers); ++first) {
      const Operands numbers = hostile(operands, first);
      std::vector<Array<double>> in_double;
      std::vector<Array<float>> in_float;
      try {
        in_double = differentiate<double>(subject, numbers);
        in_float = differentiate<float>(subject, numbers);
      } catch (const ValueError&) {
        CHECK(subject.row.refuses);
        continue;
      }
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(same_shape(in_double[i].shape(), expected[i].shape()));
        CHECK(same_shape(in_float[i].shape(), expected[i].shape()));
      }
    }
  });
}

void check_numbers_in_float(const Row& row) {
  for (const Numbers& numbers : row.numbers) {
    Sample sample{{}, numbers.of};
    Operands operands;
    for (const Array<double>& operand : numbers.operands) {
      operands.push_back(in_float(operand));
      sample.shapes.emplace_back(operand.shape());
    }
    const Subject subject{row, sample};
    const auto expected = differentiate<double>(subject, operands);
    const auto computed = differentiate<float>(subject, operands);
    const double beside = numbers.each ? 0 : 1;  // numbers that 1 dwarfs are equal then
    for (std::size_t i = 0; i < expected.size(); ++i) {
      INFO(row.text << (i == 0 ? ": value" : ": gradient"));
      CHECK(oracle::difference(in_float(computed[i], beside), in_float(expected[i], beside), 1e-4,
                               numbers.each) == "");
    }
  }
}

void check_failing_allocations(const Row& row) {
  at_samples(row, {Use::once, Use::twice}, [](const Subject& subject, const Operands& operands) {
    const auto expected = differentiate<double>(subject, operands);
    for (std::size_t k = 1; survives_failure(subject, operands, k, expected); ++k) {
    }
  });
}

void check_formula(const Row& row) {
  if (row.formula) {
    check_loops<float>(row, row.formula->in_double);
    check_loops<double>(row, row.formula->in_double);
  }
}

}  // namespace xtape
