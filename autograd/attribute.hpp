#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <variant>

#include "tensor/pair.hpp"

/// @file
/// What an op takes beside its operands, for tools that read a recording.

namespace xtape {

/// An argument of an op that is no operand, such as the slope of leaky_relu: a name and a value.
struct Attribute {
  /// A whole number, a real number, a text, a number for height and width, or a list.
  using Value =
      std::variant<std::int64_t, double, const char*, Pair, std::span<const std::uint32_t>>;

  /// Takes the name and the value. The name and a text are string literals. A list must last as
  /// long as the recording. See Tape::keep().
  ///@{
  template <class Number>
  requires(std::is_arithmetic_v<Number>) Attribute(const char* attribute, Number number)
      : name(attribute) {
    if constexpr (std::integral<Number>) {
      value = static_cast<std::int64_t>(number);
    } else {
      value = static_cast<double>(number);
    }
  }
  Attribute(const char* attribute, const char* text) : name(attribute), value(text) {}
  Attribute(const char* attribute, Pair pair) : name(attribute), value(pair) {}
  Attribute(const char* attribute, std::span<const std::uint32_t> list)
      : name(attribute), value(list) {}
  ///@}

  const char* name;  ///< The name.
  Value value;       ///< The value.
};

/// The name of an op and its attributes: `"relu"`, or `{"leaky_relu", {{"slope", 0.01}}}`. It lasts
/// as long as the expression that contains it. The tape copies the attributes.
struct Operation {
  /// Takes the name, which is a string literal, and the attributes.
  ///@{
  Operation(const char* op) : name(op) {}
  Operation(const char* op, std::initializer_list<Attribute> list) : name(op), attributes(list) {}
  Operation(const char* op, std::span<const Attribute> list) : name(op), attributes(list) {}
  ///@}

  const char* name;                       ///< The name of the op.
  std::span<const Attribute> attributes;  ///< Its attributes.
};

/// Returns the attributes as text: "stride 2, padding (1, 0), groups 1". Of a long list, it has the
/// first numbers.
std::string text_of(std::span<const Attribute> attributes);

}  // namespace xtape
