#pragma once

#include <fmt/core.h>

#include <stdexcept>

/// @file
/// The exceptions of xtape, and how they are thrown.

namespace xtape {

/// Base of every exception that xtape throws.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes that do not fit each other or the operation.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// An argument outside the range that its operation accepts: a label of 12 among 10 classes, a
/// dropout rate of 2.
class ValueError : public Error {
 public:
  using Error::Error;
};

/// A tape used in the wrong order: a stale Variable, two tapes mixed, a gradient that was never
/// computed.
class TapeError : public Error {
 public:
  using Error::Error;
};

/// What a tape that detects anomalies has found: a number that has become NaN or infinite, or a
/// parameter that changed before backward().
class AnomalyError : public Error {
 public:
  using Error::Error;
};

/// A file that is missing, cannot be read or written, or does not hold what its format promises.
class DataError : public Error {
 public:
  using Error::Error;
};

/// Throws `E` with the formatted message. Kept out of line so that the checks that call it stay
/// small.
template <class E, class... Args>
[[noreturn, gnu::cold, gnu::noinline]] void fail(fmt::format_string<const Args&...> message,
                                                 const Args&... args) {
  throw E(fmt::format(message, args...));
}

/// Throws `E` with the formatted message unless `condition` holds; nothing is formatted when it
/// does.
template <class E, class... Args>
void require(bool condition, fmt::format_string<const Args&...> message, const Args&... args) {
  if (!condition) [[unlikely]] {
    fail<E, Args...>(message, args...);
  }
}

}  // namespace xtape
