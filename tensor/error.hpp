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

/// The shapes do not fit each other, or do not fit the operation.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// An argument is outside the accepted range, such as label 12 with 10 classes, or a dropout rate
/// of 2.
class ValueError : public Error {
 public:
  using Error::Error;
};

/// A tape is used in the wrong order: a stale Variable, a mix of two tapes, or a gradient that was
/// never computed.
class TapeError : public Error {
 public:
  using Error::Error;
};

/// Anomaly detection has found a NaN or infinite number, or a parameter that changed before
/// backward().
class AnomalyError : public Error {
 public:
  using Error::Error;
};

/// A file is missing, cannot be read or written, or violates its format.
class DataError : public Error {
 public:
  using Error::Error;
};

/// Throws `E` with the formatted message. It is out of line to keep the checks that call it small.
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
