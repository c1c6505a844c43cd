#pragma once

#include <filesystem>
#include <optional>

#include "tests/support/catch.hpp"

/// Returns the folder with the four MNIST files: $XTAPE_TEST_MNIST, or `../shared/mnist` from the
/// source tree, or nothing. Throws, so that the test fails, if the variable does not name a folder,
/// or if the data are required ($CI is "true" or $XTAPE_REQUIRE_DATA is "1") and missing.
std::optional<std::filesystem::path> mnist_folder();

/// Returns the folder with the reference run of the replay test, likewise: $XTAPE_TEST_ORACLE, or
/// `../shared/oracle/backprop`.
std::optional<std::filesystem::path> oracle_folder();

/// Declares `folder`, the path from mnist_folder(), or ends the test case as skipped.
#define MNIST_OR_SKIP(folder) XTAPE_FOUND_OR_SKIP(folder, mnist_folder())
#define ORACLE_OR_SKIP(folder) XTAPE_FOUND_OR_SKIP(folder, oracle_folder())

#define XTAPE_FOUND_OR_SKIP(folder, found)                           \
  const std::optional<std::filesystem::path> folder##_found = found; \
  if (!folder##_found) {                                             \
    XTAPE_SKIP("SKIPPED: " #found " finds no data on this machine"); \
  }                                                                  \
  const std::filesystem::path& folder = *folder##_found
