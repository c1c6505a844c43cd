#pragma once

#include <ostream>
#include <string>

#include "autograd/tape.hpp"
#include "tensor/print.hpp"

/// @file
/// Variables as text, with fmt and with streams. The text is the op and the value, in the format of
/// tensor/print.hpp.

namespace xtape {

/// Returns the Variable as text: "relu (3) float [0, 0.5, 2]". Throws TapeError if the Variable is
/// stale.
template <class T>
std::string to_string(Variable<T> x, int precision = 6) {
  return std::string(x.op()) + ' ' + to_string(x.value(), precision);
}

/// Prints the Variable with the precision of the stream. Throws TapeError if the Variable is stale.
template <class T>
std::ostream& operator<<(std::ostream& out, const Variable<T>& x) {
  return out << to_string(x, static_cast<int>(out.precision()));
}

}  // namespace xtape

/// Lets `fmt::format("{:.3}", variable)` print a Variable.
template <class T>
struct fmt::formatter<xtape::Variable<T>> : xtape::detail::PrecisionFormatter {
  /// Writes what xtape::to_string(x, precision) returns.
  auto format(const xtape::Variable<T>& x, fmt::format_context& context) const {
    return fmt::format_to(context.out(), "{}", to_string(x, this->precision));
  }
};
