#include "tests/support/mnist_data.hpp"

#include <stdexcept>
#include <string>

#include "nn/io/environment.hpp"

namespace {

namespace fs = std::filesystem;
using xtape::nn::detail::environment;

std::optional<fs::path> data_folder(const char* variable, const char* beside_the_source_tree) {
  const std::string given = environment(variable);
  const fs::path folder =
      given.empty() ? fs::path(XTAPE_SOURCE_DIR) / ".." / beside_the_source_tree : fs::path(given);
  if (fs::is_directory(folder)) {
    return folder;
  }
  const bool required =
      !given.empty() || environment("CI") == "true" || environment("XTAPE_REQUIRE_DATA") == "1";
  if (required) {
    throw std::runtime_error("this test needs data, but " + folder.string() + " is not a folder (" +
                             variable + " may name another)");
  }
  return std::nullopt;
}

}  // namespace

std::optional<fs::path> mnist_folder() { return data_folder("XTAPE_TEST_MNIST", "shared/mnist"); }

std::optional<fs::path> oracle_folder() {
  return data_folder("XTAPE_TEST_ORACLE", "shared/oracle/backprop");
}
