#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "autograd/attribute.hpp"
#include "autograd/inline_function.hpp"
#include "tensor/array.hpp"

namespace xtape {

template <class T>
class Tape;
template <class T>
class Variable;

/// A backward closure. The tape calls it with the op's own result y. It passes y.grad() to the
/// inputs with accumulate().
template <class T>
using Backward = InlineFunction<Variable<T>, 64>;

/// One recorded value. Nodes stay in place when the tape is rewound, and so does the memory of
/// their arrays.
template <class T>
struct Node {
  Tape<T>* tape = nullptr;                ///< The tape of the node.
  const Array<T>* value = nullptr;        ///< Its own storage, or a model's parameter.
  std::uint64_t grad_of = 0;              ///< The recording to which `grad` belongs.
  std::size_t index = 0;                  ///< Its number on the tape. An op comes after its inputs.
  const char* op = "";                    ///< See Variable::op().
  bool needs_grad = false;                ///< See Variable::needs_grad().
  bool retains_grad = false;              ///< See Variable::retain_grad().
  std::span<const Node* const> inputs;    ///< The inputs of the op; none for a leaf.
  std::span<const Attribute> attributes;  ///< What the op takes beside them.
  Backward<T> backward;                   ///< Empty for a leaf, or if no gradient is needed.
  Array<T> storage;                       ///< The value, if the tape owns it.
  Array<T> grad;                          ///< The gradient, if `grad_of` is the current recording.
};

}  // namespace xtape
