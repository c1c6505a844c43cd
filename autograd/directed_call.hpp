#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "autograd/record.hpp"
#include "autograd/tape.hpp"
#include "tensor/array.hpp"
#include "tensor/error.hpp"

namespace xtape::detail {

/// Calls of a function on a tape of Dual numbers, which computes its derivatives along directions.
template <class T, std::size_t N>
class DirectedCall {
 public:
  /// `name` is the function of the caller, for messages. Throws ShapeError if the inputs were moved
  /// from.
  DirectedCall(const char* name, std::span<const Array<T>, N> inputs) {
    for (std::size_t i = 0; i < N; ++i) {
      require_whole(name, inputs[i]);
      resize(inputs_[i], inputs[i].shape());
      std::copy_n(inputs[i].data(), inputs[i].size(), inputs_[i].storage().values());
      inputs_[i].storage().drop_tangents();
    }
  }

  /// Sets the direction of each input. Throws ShapeError if one has another shape.
  void set_directions(const char* name, std::span<const Array<T>, N> directions) {
    for (std::size_t i = 0; i < N; ++i) {
      require<ShapeError>(same_shape(directions[i].shape(), inputs_[i].shape()),
                          "{}: expected a direction {} for input {}, got {}", name,
                          inputs_[i].shape(), i, directions[i].shape());
      require_whole(name, directions[i]);
      std::copy_n(directions[i].data(), directions[i].size(), inputs_[i].storage().tangents());
    }
  }

  /// Makes the direction of the first input a unit vector, or 0 if `k` is not one of its elements.
  void set_unit_direction(std::size_t k) {
    inputs_[0].storage().drop_tangents();
    if (k < inputs_[0].size()) {
      inputs_[0].storage().tangents()[k] = T(1);
    }
  }

  /// Records f(inputs...), which replaces the recording before. Random numbers are the same in each
  /// call.
  template <class F>
  void record(F& f) {
    tape_.rewind();
    tape_.rng() = Rng();
    std::transform(inputs_.begin(), inputs_.end(), variables_.begin(),
                   [&](const Array<Dual<T>>& input) { return tape_.variable(input); });
    constexpr bool generic = takes_variables<F>(std::make_index_sequence<N>());
    static_assert(generic,
                  "a function to differentiate forward or twice takes Variables of any type: write "
                  "`[](auto x) { ... }`");
    if constexpr (generic) {
      using Result = decltype(std::apply(f, variables_));
      static_assert(std::is_same_v<std::remove_cvref_t<Result>, Variable<Dual<T>>>,
                    "a function to differentiate takes Variables and returns a Variable");
      result_ = std::apply(f, variables_);
    }
    require<TapeError>(&result_.tape() == &tape_,
                       "the function to differentiate returned '{}' of another tape than that of "
                       "its arguments",
                       result_.op());
  }

  const Array<Dual<T>>& result() const { return result_.value(); }

  /// Computes the gradients of the result, which must be one number.
  void backward(const char* name) {
    require<ShapeError>(result_.value().size() == 1,
                        "{}: the function must return one number, but '{}' produced {}", name,
                        result_.op(), result_.shape());
    if (result_.needs_grad()) {
      tape_.backward(result_);
    }
  }

  /// Writes the derivative of the gradient of input `i` along the directions from `begin` on: zeros
  /// if the result does not depend on the input.
  void write_product(std::size_t i, T* begin) const {
    if (variables_[i].has_grad()) {
      std::copy_n(variables_[i].grad().storage().tangents(), inputs_[i].size(), begin);
    } else {
      std::fill_n(begin, inputs_[i].size(), T(0));
    }
  }

 private:
  template <class F, std::size_t... I>
  static constexpr bool takes_variables(std::index_sequence<I...>) {
    return std::is_invocable_v<F&, std::tuple_element_t<I, std::array<Variable<Dual<T>>, N>>&...>;
  }

  Tape<Dual<T>> tape_;
  std::array<Array<Dual<T>>, N> inputs_;
  std::array<Variable<Dual<T>>, N> variables_;
  Variable<Dual<T>> result_;
};

}  // namespace xtape::detail
