#include "examples/mnist/data.hpp"

#include <cstdlib>

#include "tensor/error.hpp"

namespace mnist {
namespace {

/// The value of an environment variable; empty when it is not set.
std::filesystem::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Where programs keep what they can fetch again (XDG Base Directory Specification); empty when
/// there is no home.
std::filesystem::path cache_folder() {
  const std::filesystem::path cache = from_environment("XDG_CACHE_HOME");
  if (cache.is_absolute()) {
    return cache / "xtape" / "mnist";
  }
  const std::filesystem::path home = from_environment("HOME");
  return home.empty() ? home : home / ".cache" / "xtape" / "mnist";
}

}  // namespace

std::filesystem::path find_data(const std::string& asked_for) {
  if (!asked_for.empty()) {
    return asked_for;
  }
  if (const std::filesystem::path folder = from_environment("XTAPE_DATA_DIR"); !folder.empty()) {
    return folder;
  }
  const std::filesystem::path cache = cache_folder();
  xtape::require<xtape::DataError>(
      !cache.empty() && std::filesystem::is_directory(cache),
      "no MNIST files: give their folder with --data DIR or $XTAPE_DATA_DIR, or put them into {}",
      cache.empty() ? "~/.cache/xtape/mnist" : cache.string());
  return cache;
}

}  // namespace mnist
