#pragma once

#include <fmt/core.h>

#include <stdexcept>

/// @file
/// The exceptions of xtape, and functions that throw them.

namespace xtape {

/// The base class of every exception that xtape defines.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The error for shapes that do not fit each other, or do not fit the operation.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// The error for an argument outside the accepted range, such as label 12 with 10 classes, or a
/// dropout rate of 2.
class ValueError : public Error {
 public:
  using Error::Error;
};

/// The error for wrong use of a tape: a stale Variable, a mix of two tapes, or a gradient that was
/// never computed.
class TapeError : public Error {
 public:
  using Error::Error;
};

/// The error that anomaly detection throws for a NaN or infinite number, or for a parameter that
/// changed before backward().
class AnomalyError : public Error {
 public:
  using Error::Error;
};

/// The error for a file that is missing, cannot be read or written, or violates its format.
class DataError : public Error {
 public:
  using Error::Error;
};

/// Throws `E` with the formatted message. The function is out of line, so that the checks that call
/// it stay small.
template <class E, class... Args>
[[noreturn, gnu::cold, gnu::noinline]] void fail(fmt::format_string<const Args&...> message,
                                                 const Args&... args) {
  throw E(fmt::format(message, args...));
}

/// Throws `E` with the formatted message unless `condition` holds. Formats nothing if it holds.
template <class E, class... Args>
void require(bool condition, fmt::format_string<const Args&...> message, const Args&... args) {
  if (!condition) [[unlikely]] {
    fail<E, Args...>(message, args...);
  }
}

}  // namespace xtape
