#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "autograd/attribute.hpp"
#include "autograd/closure.hpp"
#include "tensor/arena.hpp"
#include "tensor/array.hpp"

namespace xtape {

template <class T>
class Tape;
template <class T>
class Variable;

/// A backward closure. The tape calls it with the op's own result y. It passes y.grad() to the
/// inputs with accumulate().
template <class T>
using Backward = Closure<Variable<T>, 64>;

/// The state of a value's gradient in this recording.
enum class GradientState : std::uint8_t {
  none,        ///< There is none, or not yet.
  present,     ///< It is complete, or contributions are being added.
  given_away,  ///< It was complete, and another gradient has its memory.
};

/// The details of the op that has computed a node. They lie in one block of memory: the inputs, the
/// attributes, and the captures of the backward function.
template <class T>
struct OpDetails {
  const void* place = nullptr;            ///< The block of memory.
  std::uint32_t input_count = 0;          ///< The number of inputs.
  std::uint32_t attribute_count = 0;      ///< The number of attributes.
  typename Backward<T>::Call backward{};  ///< Null for a leaf, or if no gradient is needed.
};

/// A node of plain numbers that reads an array of the caller in place has it as its value.
template <class T>
struct BorrowedValues {};
/// A node of Dual numbers notes the array of the caller that it reads in place.
template <class F>
struct BorrowedValues<Dual<F>> {
  const Array<Real<F>>* source = nullptr;  ///< Null if the tape owns the value.
};

/// One recorded value. Nodes stay in place when the tape is rewound, and so does the memory of
/// their arrays. Small arrays have it beside the nodes. See Storage.
template <class T>
struct Node : BorrowedValues<T> {
  /// Makes a node whose small arrays are in memory of `arena`.
  Node(std::uint32_t number, Arena& arena) : index(number), storage(arena), grad(arena) {}

  /// Returns the inputs of the op. A leaf has none.
  std::span<const Node* const> inputs() const {
    return {static_cast<const Node* const*>(details.place), details.input_count};
  }

  /// Returns the attributes of the op.
  std::span<const Attribute> attributes() const {
    const void* const behind = inputs().data() + inputs().size();
    return {static_cast<const Attribute*>(behind), details.attribute_count};
  }

  /// The array of the caller that is the value, such as a parameter, or null if the tape owns it.
  const Array<Real<T>>* borrowed() const {
    if constexpr (is_dual<T>) {
      return this->source;
    } else {
      return value == &storage ? nullptr : value;
    }
  }

  /// Calls the op's backward function with the result y. There must be one.
  void run_backward(Variable<T> y) const {
    const void* const behind = attributes().data() + attributes().size();
    details.backward(static_cast<const std::byte*>(behind), y);
  }

  const Array<T>* value = nullptr;  ///< Its own storage, or an array of the caller.
  const char* op = "";              ///< See Variable::op().
  OpDetails<T> details;             ///< See inputs(), attributes() and run_backward().
  std::uint32_t index;              ///< Its number on the tape. An op comes after its inputs.
  bool needs_grad = false;          ///< See Variable::needs_grad().
  bool retains_grad = false;        ///< See Variable::retain_grad().
  GradientState gradient = GradientState::none;  ///< Says if `grad` holds the gradient.
  Array<T> storage;                              ///< The value, if the tape owns it.
  Array<T> grad;                                 ///< The gradient, if it is present.
};

}  // namespace xtape
