#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

#include "autograd/tape.hpp"

/// @file
/// Recomputation: memory against time. The checkpoints of nn/io/checkpoint.hpp are something else:
/// files from which a run resumes.

namespace xtape {

namespace detail {

/// A call of checkpoint().
template <class T>
struct CheckpointedCall {
  /// Calls the function object at the address `f`.
  Variable<T> (*call)(const void* f, std::span<const Variable<T>> inputs);
  const void* f;                        ///< The function object.
  std::span<const Variable<T>> inputs;  ///< The arguments.
  Rng rng{0};                           ///< The random numbers of the first call.
};

/// Returns the address of a function object that lasts until backward(). The tape keeps a copy of a
/// trivially copyable one, such as a closure over references. The caller keeps any other one.
template <class T, class F>
const void* address_of_function(Tape<T>& tape, F&& f) {
  using Function = std::decay_t<F>;
  if constexpr (std::is_trivially_copyable_v<Function>) {
    const std::span<Function> copy = tape.template keep<Function>(1);
    return std::construct_at(copy.data(), f);
  } else {
    static_assert(std::is_lvalue_reference_v<F>,
                  "checkpoint() calls its function again in backward(): give this one a name, and "
                  "keep it until then");
    return std::addressof(f);
  }
}

/// A list of Variables, such as a std::vector.
template <class List>
concept VariableList = std::ranges::contiguous_range<const List> &&
    requires(const std::ranges::range_value_t<const List>& x) {
  { x.value().data()[0] } -> std::convertible_to<double>;
  x.needs_grad();
};

}  // namespace detail

/// Returns f(x, others...), and keeps neither the values that f computes on the way nor what
/// backward() would need of them. backward() calls f again instead. So a chain of n layers in
/// groups of k needs the memory of n / k + k layers instead of n. It takes the time of one more
/// forward pass (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016). It is
/// PyTorch's torch.utils.checkpoint. The result and all gradients are bit-identical to those of
/// f(x, others...).
///
///     x = checkpoint(model.block, x);
///     h = checkpoint([&](auto h, auto x) { return cell(h, x); }, h, x);
///
/// f is a layer or another function object that can be called while it is const. A layer, like its
/// parameters, must neither move nor change before backward() has finished. f computes on a tape of
/// its own, `x.tape()` of its arguments. So it takes Variables as arguments alone, and gets
/// parameters, constants and random numbers from that tape. Parameters of f have their gradients on
/// the outer tape, also those that are used elsewhere, too. What f observes for running statistics
/// is noted once. f may call checkpoint() itself. Under NoGrad, f is called as it is, so a model is
/// exported as if it had no checkpoints. In a graph of the tape, the call is one op with the
/// arguments and parameters of f.
///
/// An exception of f passes through, from checkpoint() and from backward(). Strong exception
/// guarantee in both. Throws TapeError if f reads or returns a Variable of another tape. backward()
/// throws TapeError if f gives another shape or reads other parameters than before. Under
/// detect_anomaly(), it throws AnomalyError if f gives other numbers than before.
///@{
template <class F, class T, std::same_as<Variable<T>>... Others>
Variable<T> checkpoint(F&& f, Variable<T> x, Others... others) {
  using Function = std::decay_t<F>;
  const Variable<T> inputs[] = {x, others...};
  const auto call = [](const void* address, std::span<const Variable<T>> arguments) {
    return [&]<std::size_t... I>(std::index_sequence<I...>)->Variable<T> {
      return (*static_cast<const Function*>(address))(arguments[I]...);
    }
    (std::make_index_sequence<1 + sizeof...(Others)>());
  };
  Tape<T>& tape = x.tape();
  return tape.checkpoint({call, detail::address_of_function(tape, std::forward<F>(f)), inputs});
}

/// Returns f(inputs) for a list, as checkpoint(f, x). f takes a `std::span<const Variable<T>>`.
template <class F, detail::VariableList List>
auto checkpoint(F&& f, const List& inputs) {
  using Function = std::decay_t<F>;
  using Input = std::ranges::range_value_t<const List>;
  using Inputs = std::span<const Input>;
  const Inputs all(inputs);
  require<TapeError>(!all.empty(), "checkpoint: an op needs at least one input");
  const auto call = [](const void* address, Inputs arguments) -> Input {
    return (*static_cast<const Function*>(address))(arguments);
  };
  auto& tape = all[0].tape();
  return tape.checkpoint({call, detail::address_of_function(tape, std::forward<F>(f)), all});
}
///@}

}  // namespace xtape
