#pragma once

/// Catch2 2.13 and 3.x under one name, and the small helpers that many tests share.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <exception>
#include <string>

/// Ends the test case as skipped; the message begins with "SKIPPED: ". Catch2 from 3.3 on says so
/// itself, for an earlier one CTest looks for those letters in the output.
#ifdef SKIP
#define XTAPE_SKIP(message) SKIP(message)
#else
#define XTAPE_SKIP(message) \
  WARN(message);            \
  return
#endif

/// The message of the std::exception that `action` throws; "(nothing thrown)" when it throws none.
template <class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "(nothing thrown)";
}
