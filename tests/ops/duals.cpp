#include "tests/ops/duals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "tests/ops/check.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/operands.hpp"

namespace xtape {
namespace {

using Arrays = std::vector<Array<double>>;

/// The value of a function of a row, and its gradients. Each is followed by its tangents if the
/// tape has them.
template <class T>
struct TapeResults {
  std::vector<Array<T>> values, tangents;
};

template <class T>
Array<T> plane(const Shape& shape, const T* numbers) {
  Array<T> copy(shape);
  std::copy_n(numbers, copy.size(), copy.data());
  return copy;
}

template <class T>
void append(TapeResults<T>& to, const Array<T>& array) {
  to.values.push_back(array);
}
template <class T>
void append(TapeResults<T>& to, const Array<Dual<T>>& array) {
  to.values.push_back(plane(array.shape(), array.storage().values()));
  to.tangents.push_back(plane(array.shape(), array.storage().tangents()));
}

/// The direction of an operand that has none. The tape then knows that its tangents are 0.
const Array<double> absent(Shape{0});

/// Records an operand that moves along a direction, if the tape has tangents.
template <class T>
Variable<T> operand_on(Tape<T>& tape, const Array<double>& x, const Array<double>& direction) {
  const Array<Real<T>> values = converted<Real<T>>(x);
  const Variable<T> operand = tape.variable(values);
  if constexpr (is_dual<T>) {
    if (same_shape(direction.shape(), x.shape())) {
      tape.seed(operand, converted<Real<T>>(direction));
    }
  }
  return operand;
}

/// A use of a row: its expression y, of the operands alone or with the first one in place of all
/// others of its shape.
struct RowUse {
  const Row& row;
  Of of;
  bool aliased = false;

  template <class T>
  Variable<T> operator()(std::span<const Variable<T>> x) const {
    std::vector<Variable<T>> operands(x.begin(), x.end());
    for (Variable<T>& operand : operands) {
      operand = aliased && same_shape(operand.shape(), x[0].shape()) ? x[0] : operand;
    }
    return row.call(std::span<const Variable<T>>(operands), of);
  }
};

/// Computes y and the gradients of sum(w y) or, if curved, of sum(w y + y^2 / 2), for T a float, a
/// double, or a Dual of them with the operands moving along the directions.
template <class T>
TapeResults<Real<T>> compute(const RowUse& use, const Arrays& operands, const Arrays& directions,
                             bool curved) {
  Tape<T> tape;
  std::vector<Variable<T>> x;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    x.push_back(operand_on(tape, operands[i], directions.empty() ? absent : directions[i]));
  }
  const Variable<T> y = use(std::span<const Variable<T>>(x));
  Rng rng(2);
  const Array<Real<T>> weights = converted<Real<T>>(anywhere(y.shape(), rng));
  tape.backward(curved ? sum(y * tape.constant(weights) + y * y * 0.5)
                       : sum(y * tape.constant(weights)));
  TapeResults<Real<T>> computed;
  append(computed, y.value());
  for (const Variable<T>& each : x) {
    if (each.has_grad()) {
      append(computed, each.grad());
    } else {
      append(computed, Array<T>(each.shape(), T(0)));
    }
  }
  return computed;
}

Arrays directions_for(const Arrays& operands, std::uint64_t seed) {
  Rng rng(seed);
  Arrays directions;
  for (const Array<double>& operand : operands) {
    directions.push_back(anywhere(operand.shape(), rng));
  }
  return directions;
}

double dot(const Array<double>& a, const Array<double>& b) {
  return std::inner_product(a.data(), a.data() + a.size(), b.data(), 0.0);
}

double size_of_products(const Array<double>& a, const Array<double>& b) {
  return std::inner_product(a.data(), a.data() + a.size(), b.data(), 0.0, std::plus<>(),
                            [](double x, double y) { return std::abs(x * y); });
}

/// Calls check(use, operands) at each sample of the row.
template <class Check>
void at_each_sample(const Row& row, Check check) {
  for (const Sample& sample : row.kind.samples) {
    std::string shapes;
    for (const Shape& shape : sample.shapes) {
      shapes += to_string(shape) + " ";
    }
    INFO(row.text << " of " << shapes);
    const Arrays operands = operands_of(row, sample);
    check(RowUse{row, sample.of}, operands);
    if (operands.size() > 1) {
      check(RowUse{row, sample.of, true}, operands);
    }
  }
}

template <class T>
bool same(T a, T b) {
  return (a == b && std::signbit(a) == std::signbit(b)) || (std::isnan(a) && std::isnan(b));
}

/// True if both are the same. Of two functions that compute one formula, GCC 14 may contract a
/// product and a sum in one and not in the other, so there the rounding of a product may differ.
template <class T>
bool agree(T a, T b) {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ > 12
  constexpr T rounding = std::numeric_limits<T>::epsilon();
#else
  constexpr T rounding = 0;
#endif
  return same(a, b) || (rounding > 0 && std::abs(a - b) <= rounding * std::max(T(1), std::abs(b)));
}

/// Checks that the values are those of a plain tape.
template <class T>
void check_equal(const RowUse& use, const Arrays& operands) {
  const auto plain = compute<T>(use, operands, {}, true);
  const auto dual = compute<Dual<T>>(use, operands, directions_for(operands, 3), true);
  for (std::size_t i = 0; i < plain.values.size(); ++i) {
    const Array<T>&a = dual.values[i], &b = plain.values[i];
    INFO((i == 0 ? "value" : "gradient of operand " + std::to_string(i - 1)) << ", " << sizeof(T));
    REQUIRE(same_shape(a.shape(), b.shape()));
    for (std::size_t j = 0; j < a.size(); ++j) {
      INFO("element " << j << ": " << a.data()[j] << " on the tape of Dual numbers, "
                      << b.data()[j]);
      CHECK(agree(a.data()[j], b.data()[j]));
    }
  }
}

/// Checks that resting tangents of operand `which`, or of all if there is none of this number, may
/// be absent, 0 or subnormal, while the other operands move.
template <class T>
void check_at_rest(const RowUse& use, const Arrays& operands, std::size_t which) {
  Arrays none = directions_for(operands, 3), zeros = none, subnormal = none;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (i == which || which == operands.size()) {
      none[i] = absent;
      zeros[i].fill(0);
      subnormal[i].fill(static_cast<double>(std::numeric_limits<T>::denorm_min() * 4));
    }
  }
  const auto expected = compute<Dual<T>>(use, operands, none, true);
  const auto by_zeros = compute<Dual<T>>(use, operands, zeros, true);
  const auto by_subnormal = compute<Dual<T>>(use, operands, subnormal, true);
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    INFO((i == 0 ? "value" : "gradient of operand " + std::to_string(i - 1))
         << ", " << sizeof(T) << " bytes, operand " << which << " at rest");
    std::size_t other_values = 0, other_tangents = 0;
    for (std::size_t j = 0; j < expected.values[i].size(); ++j) {
      const T value = expected.values[i].data()[j], tangent = expected.tangents[i].data()[j];
      other_values += same(by_zeros.values[i].data()[j], value) ? 0 : 1;
      other_values += same(by_subnormal.values[i].data()[j], value) ? 0 : 1;
      other_tangents += by_zeros.tangents[i].data()[j] == tangent ? 0 : 1;  // 0 and -0 are equal
      const T change = by_subnormal.tangents[i].data()[j] - tangent;
      other_tangents += std::abs(change) <= std::numeric_limits<T>::min() ? 0 : 1;
    }
    CHECK(other_values == 0);
    CHECK(other_tangents == 0);
  }
}

}  // namespace

void check_operands_at_rest(const Row& row) {
  at_each_sample(row, [](const RowUse& use, const Arrays& operands) {
    for (std::size_t which = 0; which <= operands.size(); ++which) {
      check_at_rest<float>(use, operands, which);
      check_at_rest<double>(use, operands, which);
    }
  });
}

void check_values_of_duals(const Row& row) {
  at_each_sample(row, [](const RowUse& use, const Arrays& operands) {
    check_equal<float>(use, operands);
    check_equal<double>(use, operands);
  });
  for (const Numbers& numbers : row.numbers) {
    INFO(row.text << " at its numbers");
    check_equal<float>({row, numbers.of}, numbers.operands);
    check_equal<double>({row, numbers.of}, numbers.operands);
  }
}

void check_tangents(const Row& row) {
  at_each_sample(row, [](const RowUse& use, const Arrays& operands) {
    const Arrays v = directions_for(operands, 3);
    const auto computed = compute<Dual<double>>(use, operands, v, false);
    Rng rng(2);
    const Array<double> w = anywhere(computed.values[0].shape(), rng);
    double forward = dot(w, computed.tangents[0]), backward = 0;
    double scale = 1 + size_of_products(w, computed.tangents[0]);
    for (std::size_t i = 0; i < operands.size(); ++i) {
      backward += dot(computed.values[i + 1], v[i]);
      scale += size_of_products(computed.values[i + 1], v[i]);
    }
    CHECK(std::abs(forward - backward) <= 1e-12 * scale);
  });
}

void check_second_derivatives(const Row& row) {
  at_each_sample(row, [](const RowUse& use, const Arrays& operands) {
    const Arrays v = directions_for(operands, 3), u = directions_for(operands, 4);
    const auto along_v = compute<Dual<double>>(use, operands, v, true);
    const auto along_u = compute<Dual<double>>(use, operands, u, true);
    double uhv = 0, vhu = 0, scale = 1;
    constexpr double step = 1e-5;
    Arrays ahead = operands, behind = operands;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      uhv += dot(u[i], along_v.tangents[i + 1]);
      vhu += dot(v[i], along_u.tangents[i + 1]);
      scale += size_of_products(u[i], along_v.tangents[i + 1]) +
               size_of_products(v[i], along_u.tangents[i + 1]);
      ahead[i] += step * v[i];
      behind[i] -= step * v[i];
    }
    CHECK(std::abs(uhv - vhu) <= 1e-12 * scale);
    const auto after = compute<double>(use, ahead, {}, true);
    const auto before = compute<double>(use, behind, {}, true);
    for (std::size_t i = 0; i < after.values.size(); ++i) {
      INFO((i == 0 ? "tangent of the value" : "product of operand " + std::to_string(i - 1)));
      const Array<double> difference = (after.values[i] - before.values[i]) / (2 * step);
      CHECK(greatest_difference(along_v.tangents[i], difference) < 1e-7);
    }
  });
}

}  // namespace xtape
