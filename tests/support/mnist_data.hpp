#pragma once

#include <filesystem>
#include <optional>

#include "tests/support/catch.hpp"

/// The folder with the four MNIST files: $XTAPE_TEST_MNIST, or `../shared/mnist` seen from the
/// source tree; nothing when it is not there. Throws, so that the test that asks fails, when the
/// variable is set and names no folder, and when the data are a must ($CI is "true" or
/// $XTAPE_REQUIRE_DATA is "1") and missing.
std::optional<std::filesystem::path> mnist_folder();

/// The same for the reference run that the replay test compares with: $XTAPE_TEST_ORACLE, or
/// `../shared/oracle/backprop`.
std::optional<std::filesystem::path> oracle_folder();

/// Declares `folder`, the path that mnist_folder() found, or ends the test case as skipped.
#define MNIST_OR_SKIP(folder) XTAPE_FOUND_OR_SKIP(folder, mnist_folder())
#define ORACLE_OR_SKIP(folder) XTAPE_FOUND_OR_SKIP(folder, oracle_folder())

#define XTAPE_FOUND_OR_SKIP(folder, found)                           \
  const std::optional<std::filesystem::path> folder##_found = found; \
  if (!folder##_found) {                                             \
    XTAPE_SKIP("SKIPPED: " #found " finds no data on this machine"); \
  }                                                                  \
  const std::filesystem::path& folder = *folder##_found
