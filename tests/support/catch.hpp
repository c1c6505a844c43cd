#pragma once

/// Catch2 2.13 and 3.x under one name, and small helpers for many tests.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <exception>
#include <string>

/// Ends the test case as skipped. The message begins with "SKIPPED: ". Catch2 3.3 and newer reports
/// that itself. For older versions, CTest looks for these letters in the output.
#ifdef SKIP
#define XTAPE_SKIP(message) SKIP(message)
#else
#define XTAPE_SKIP(message) \
  WARN(message);            \
  return
#endif

/// Checks that an expression throws a `Type` with exactly this message.
#define CHECK_FAILS(expression, Type, message) \
  CHECK_THROWS_MATCHES(expression, Type, Catch::Matchers::Message(message))

/// Returns the message of the std::exception that `action` throws, or "(nothing thrown)".
template <class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "(nothing thrown)";
}

/// Returns whether `part` occurs in `text`.
inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
