#pragma once

#include <filesystem>
#include <string>

#include "nn/datasets/locate.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fs = std::filesystem;

/// A user without any data, whose cache is `cache`.
struct User {
  TemporaryFolder home;
  fs::path cache = home / "cache/xtape/mnist";
  EnvironmentVariable cache_home{"XDG_CACHE_HOME", (home / "cache").string()};
  EnvironmentVariable data_dir{"XTAPE_DATA_DIR", std::nullopt};
};

inline xtape::nn::datasets::Options offline() { return {.offline = true}; }

inline xtape::nn::datasets::Options offline(const std::string& dataset) {
  xtape::nn::datasets::Options options = offline();
  options.dataset = dataset;
  return options;
}

/// A folder with two images of one pixel in each part: nothing that has been published.
inline fs::path own_data(const TemporaryFolder& folder) {
  using namespace std::string_literals;
  for (const std::string part : {"train", "t10k"}) {
    folder.write(part + "-images-idx3-ubyte", "\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1\0\377"s);
    folder.write(part + "-labels-idx1-ubyte", "\0\0\10\1\0\0\0\2\3\7"s);
  }
  return folder.path();
}
