#include "examples/mnist/data.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <xtape.hpp>

#include "examples/mnist/output.hpp"

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

std::filesystem::path find_data(const DataOptions& options) {
  if (!options.folder.empty()) {
    return options.folder;
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

xtape::nn::Mnist prepare(const DataOptions& options, const RunOptions& run, bool verbose) {
  if (run.threads > 0 || run.deterministic) {
    xtape::set_thread_count(std::max<std::size_t>(run.threads, 1));
  }
  const std::filesystem::path folder = find_data(options);
  xtape::nn::Mnist data = xtape::nn::read_mnist(folder);
  if (!verbose) {
    return data;
  }
  fmt::print("xtape {}, {}, {} thread{}\n", xtape::version(), xtape::gemm_backend(),
             xtape::thread_count(), xtape::thread_count() == 1 ? "" : "s");
  fmt::print("{} training and {} test images of {} x {} pixels from {}\n\n", data.train.size(),
             data.test.size(), data.train.rows, data.train.columns, folder.string());
  return data;
}

}  // namespace mnist
