#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/checkpoint.hpp"
#include "autograd/record.hpp"
#include "tensor/kernels/rearrange.hpp"
#include "tensor/scratch.hpp"

/// @file
/// Derivatives as ops, within a function or a loss that is differentiated itself. They have the
/// names of the functions of arrays in autograd/derivatives.hpp, and take and return Variables.
///
///     const auto u = [&](auto t) { return network(t); };
///     tape.backward(mean(square(derivative(u, t, ones) + u(t))));  // for u' = -u
///
/// The function takes the Variable x and those behind it, of any numbers: `[](auto x, auto w) {
/// ... }`. It is computed on tapes of its own, whose memory the thread keeps. So it reads no other
/// Variable, and gets constants and random numbers from `x.tape()`. The parameters that it reads
/// get their gradients. backward() calls it again. A function object that is not trivially copyable
/// needs a name, and must last until then. See checkpoint().

namespace xtape {
namespace detail {

/// A tape for one call. The thread keeps it for later calls.
template <class T>
class InnerTape {
 public:
  explicit InnerTape(bool detects_anomaly) {
    auto& spare = spares();
    spare.reserve(spare.size() + 8);  // the destructor allocates nothing
    if (spare.empty()) {
      tape_ = std::make_unique<Tape<T>>();
    } else {
      tape_ = std::move(spare.back());
      spare.pop_back();
    }
    tape_->detect_anomaly(detects_anomaly);
  }
  ~InnerTape() {
    tape_->rewind();
    if (spares().size() < spares().capacity()) {
      spares().push_back(std::move(tape_));
    }
  }
  InnerTape(const InnerTape&) = delete;
  InnerTape& operator=(const InnerTape&) = delete;

  Tape<T>& operator*() const { return *tape_; }

 private:
  static auto& spares() { return scratch<std::vector<std::unique_ptr<Tape<T>>>, InnerTape>(); }

  std::unique_ptr<Tape<T>> tape_;
};

/// True if it is known that the numbers have no tangents but 0.
///@{
template <class T>
bool have_no_tangents(const T*) {
  return true;
}
template <class F>
bool have_no_tangents(DualPointer<const F> numbers) {
  return numbers.constant && have_no_tangents(numbers.value);
}
///@}

/// Adds numbers to the gradient of x.
template <class T>
void accumulate_numbers(Variable<T> x, NumberPointer<const T> numbers) {
  accumulate(x, [&](Array<T>& grad, T beta) {
    copy_rows(1, grad.size(), numbers, 0, beta, grad.data(), 0);
  });
}

/// A function of N Variables that an op on a Tape<T> differentiates.
template <class T, class F, std::size_t N>
class InnerFunction {
 public:
  /// A call on a tape of its own: the arguments and the result.
  template <class S>
  struct Call {
    std::array<Variable<S>, N> arguments;
    Variable<S> result;
  };

  /// `op` is the name of the op.
  InnerFunction(const char* op, const F* f, const std::array<Variable<T>, N>& inputs)
      : op_(op), f_(f), inputs_(inputs), rng_(tape().rng()) {}

  Tape<T>& tape() const { return inputs_[0].tape(); }

  /// Calls the function on a tape of the same numbers.
  Call<T> call(Tape<T>& inner) const {
    return run(inner, [&](std::size_t i) { return inner.variable(inputs_[i].value()); });
  }

  /// Calls the function while the first argument moves along a direction of its shape.
  Call<Dual<T>> call_along(Tape<Dual<T>>& inner, const Array<T>& direction) const {
    return run(inner, [&](std::size_t i) {
      return inner.variable([&](Array<Dual<T>>& x) {
        resize(x, inputs_[i].shape(), op_);
        x.storage().set_values(inputs_[i].value().data());
        if (i == 0) {
          copy_rows(1, x.size(), direction.data(), 0, T(0), x.storage().tangents(), 0);
        }
      });
    });
  }

  /// Notes what the first call has done: it drew random numbers, observed statistics and read
  /// parameters. Returns `operands`, followed by the parameters. Throws TapeError if a parameter
  /// moves along a direction, which the function would not know.
  template <class S>
  std::vector<Variable<T>> finish(Tape<S>& inner, std::vector<Variable<T>> operands) {
    tape().rng() = inner.rng();
    for (const auto& seen : inner.observations()) {
      const auto values = tape().template keep<Real<T>>(seen.values.size());
      std::copy(seen.values.begin(), seen.values.end(), values.begin());
      tape().observe(*seen.buffer, values, seen.statistic);
    }
    std::vector<Parameter> read;
    for (std::size_t i = 0; i < inner.size(); ++i) {
      const Node<S>& node = inner.node(i);
      if (node.borrowed() != nullptr && std::strcmp(node.op, "parameter") == 0) {
        read.push_back({tape().parameter(*node.borrowed()), node.borrowed()});
        operands.push_back(read.back().variable);
        require<TapeError>(have_no_tangents(operands.back().value().data()),
                           "{}: the function reads a parameter {} that moves along a direction; "
                           "pass it as an argument",
                           op_, operands.back().shape());
      }
    }
    parameters_ = tape().template keep<Parameter>(read.size());
    std::copy(read.begin(), read.end(), parameters_.begin());
    return operands;
  }

  /// Passes the derivatives of the gradients along the direction on to the inputs and parameters.
  void pass_tangents_on(const Call<Dual<T>>& call) const {
    for (std::size_t i = 0; i < N; ++i) {
      if (call.arguments[i].has_grad()) {
        accumulate_numbers(inputs_[i], call.arguments[i].grad().storage().tangents());
      }
    }
    for (const Parameter& parameter : parameters_) {
      if (const auto* const grad = call.result.tape().find_grad(*parameter.array)) {
        accumulate_numbers(parameter.variable, std::as_const(grad->storage()).tangents());
      }
    }
  }

 private:
  struct Parameter {
    Variable<T> variable;
    const Array<Real<T>>* array;
  };

  template <class S, class Argument>
  Call<S> run(Tape<S>& inner, Argument argument) const {
    inner.rng() = rng_;
    Call<S> call;
    for (std::size_t i = 0; i < N; ++i) {
      call.arguments[i] = argument(i);
    }
    call.result = std::apply(*f_, call.arguments);
    require<TapeError>(&call.result.tape() == &inner,
                       "{}: the function returned '{}' of another tape than that of its arguments",
                       op_, call.result.op());
    return call;
  }

  const char* op_;
  const F* f_;
  std::array<Variable<T>, N> inputs_;
  Rng rng_;
  std::span<Parameter> parameters_;
};

/// Records an op of a function. `forward` computes the value from the function on a Tape<S>, and
/// `backward` passes a gradient on.
template <class S, class T, class F, std::size_t N, class Forward, class Backward>
Variable<T> record_inner(const char* op, const F* f, const std::array<Variable<T>, N>& inputs,
                         const std::vector<Variable<T>>& others, Forward forward,
                         Backward backward) {
  using Function = InnerFunction<T, F, N>;
  Tape<T>& tape = inputs[0].tape();
  for (const Variable<T>& input : inputs) {
    require<TapeError>(&input.tape() == &tape, "{}: the operands live on different tapes", op);
  }
  return compose(tape, [&] {
    Function& function = *std::construct_at(tape.template keep<Function>(1).data(), op, f, inputs);
    const InnerTape<S> inner(tape.detects_anomaly());
    std::vector<Variable<T>> operands(inputs.begin(), inputs.end());
    operands.insert(operands.end(), others.begin(), others.end());
    Array<T> value;
    forward(function, *inner, value);
    operands = function.finish(*inner, std::move(operands));
    return tape.record(
        op, std::span<const Variable<T>>(operands),
        [&](Array<T>& y) {
          resize(y, value.shape(), op);
          copy_rows(1, y.size(), value.data(), 0, T(0), y.data(), 0);
        },
        xtape::Backward<T>([kept = &function, backward](Variable<T> y) { backward(*kept, y); }));
  });
}

/// The levels that are left: a derivative of a derivative of Dual numbers needs nested ones.
inline constexpr const char* no_deeper_level =
    "grad: its derivative on this tape needs Dual numbers of Dual numbers of double, and an xtape "
    "that was configured with -DXTAPE_NESTED_DUALS=ON";

template <class T, class F, std::size_t N>
Variable<T> grad_op(const F* f, const std::array<Variable<T>, N>& inputs) {
  const auto forward = [](const auto& function, Tape<T>& inner, Array<T>& value) {
    const auto call = function.call(inner);
    require<ShapeError>(call.result.value().size() == 1,
                        "grad: the function must return one number, but '{}' produced {}",
                        call.result.op(), call.result.shape());
    if (call.result.needs_grad()) {
      inner.backward(call.result);
    }
    resize(value, call.arguments[0].shape());
    if (call.arguments[0].has_grad()) {
      value = call.arguments[0].grad();
    } else {
      std::fill_n(value.data(), value.size(), T(0));
    }
  };
  const auto backward = [](const auto& function, Variable<T> y) {
    if constexpr (has_duals<T>) {
      const InnerTape<Dual<T>> inner(y.tape().detects_anomaly());
      const auto call = function.call_along(*inner, y.grad());
      if (call.result.needs_grad()) {
        (*inner).backward(call.result);
      }
      function.pass_tangents_on(call);
    } else {
      fail<TapeError>(no_deeper_level);
    }
  };
  return record_inner<T>("grad", f, inputs, {}, forward, backward);
}

template <class T, class F, std::size_t N>
Variable<T> derivative_op(const F* f, const std::array<Variable<T>, N>& inputs,
                          Variable<T> direction) {
  static_assert(has_duals<T>,
                "xtape: this derivative needs Dual numbers of Dual numbers of double, and an xtape "
                "that was configured with -DXTAPE_NESTED_DUALS=ON; there are no deeper levels");
  require<ShapeError>(same_shape(direction.shape(), inputs[0].shape()),
                      "derivative: expected a direction {}, got {}", inputs[0].shape(),
                      direction.shape());
  const auto forward = [&](const auto& function, Tape<Dual<T>>& inner, Array<T>& value) {
    const Variable<Dual<T>> y = function.call_along(inner, direction.value()).result;
    resize(value, y.shape());
    copy_rows(1, value.size(), y.value().storage().tangents(), 0, T(0), value.data(), 0);
  };
  const auto backward = [direction](const auto& function, Variable<T> y) {
    const InnerTape<Dual<T>> inner(y.tape().detects_anomaly());
    const auto call = function.call_along(*inner, direction.value());
    if (call.result.needs_grad()) {
      Array<Dual<T>> cotangent(call.result.shape());
      cotangent.storage().set_values(y.grad().data());
      (*inner).backward(call.result, cotangent);
    }
    function.pass_tangents_on(call);
    if (call.arguments[0].has_grad()) {
      accumulate_numbers(direction, call.arguments[0].grad().storage().values());
    }
  };
  return record_inner<Dual<T>>("derivative", f, inputs, {direction}, forward, backward);
}

}  // namespace detail

/// Returns the gradient of f(x, others...), one number, with respect to x. It is an op, which can
/// be differentiated with respect to x, the others and the parameters that f reads. backward()
/// computes the product of the Hessian and the gradient of the result, by one call of f on a tape
/// of Dual numbers. Strong exception guarantee. Throws ShapeError if f returns another number of
/// elements. Throws TapeError if f reads a Variable of another tape.
///
///     const auto slope = grad([&](auto x) { return sum(critic(x)); }, x);
///     tape.backward(loss + mean(square(norm(slope, 1) - 1)));  // the penalty of WGAN-GP
template <class F, class T, std::same_as<Variable<T>>... Others>
Variable<T> grad(F&& f, Variable<T> x, Others... others) {
  const void* const kept = detail::address_of_function(x.tape(), std::forward<F>(f));
  return detail::grad_op<T>(static_cast<const std::decay_t<F>*>(kept), std::array{x, others...});
}

/// Returns the derivative of y = f(x, others...), of any shape, along the direction: the Jacobian
/// with respect to x times `direction`. It has the shape of y. It is an op, which can be
/// differentiated with respect to x, the direction, the others and the parameters that f reads. On
/// a tape of Dual numbers, this needs nested ones. See docs/derivatives.md. Strong exception
/// guarantee. Throws ShapeError if the direction does not have the shape of x. Throws TapeError if
/// f reads a Variable of another tape.
///@{
template <class F, class T, std::same_as<Variable<T>>... Others>
Variable<T> derivative(F&& f, Variable<T> x, std::type_identity_t<Variable<T>> direction,
                       Others... others) {
  const void* const kept = detail::address_of_function(x.tape(), std::forward<F>(f));
  return detail::derivative_op<T>(static_cast<const std::decay_t<F>*>(kept),
                                  std::array{x, others...}, direction);
}
template <class F, class T, std::same_as<Variable<T>>... Others>
Variable<T> derivative(F&& f, Variable<T> x, const Array<Real<T>>& direction, Others... others) {
  return compose(x.tape(), [&] {
    return derivative(std::forward<F>(f), x, x.tape().constant(direction), others...);
  });
}
///@}

/// Returns y = f(x, others...) and derivative(f, x, direction, others...): `const auto [y, dy] =
/// jvp(f, x, v)`. To get dy alone, call derivative(), which saves a call of f.
template <class F, class T, class Direction, std::same_as<Variable<T>>... Others>
std::array<Variable<T>, 2> jvp(F&& f, Variable<T> x, const Direction& direction, Others... others) {
  return compose(x.tape(), [&] {
    const Variable<T> y = f(x, others...);
    return std::array{y, derivative(std::forward<F>(f), x, direction, others...)};
  });
}

/// Returns the derivative of grad(f, x, others...) along the direction, the product of the Hessian
/// of f and `direction`, as an op. To differentiate it further, it takes nested numbers. Throws as
/// grad() and derivative() do.
template <class F, class T, class Direction, std::same_as<Variable<T>>... Others>
Variable<T> hvp(F&& f, Variable<T> x, const Direction& direction, Others... others) {
  using Function = std::decay_t<F>;
  const auto* const kept =
      static_cast<const Function*>(detail::address_of_function(x.tape(), std::forward<F>(f)));
  return derivative([kept](auto at, auto... rest) { return grad(*kept, at, rest...); }, x,
                    direction, others...);
}

}  // namespace xtape
