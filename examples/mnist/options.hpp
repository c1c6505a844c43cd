#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace CLI {
class App;
}

/// What the command line says, a struct for each concern. Each command takes those that concern it;
/// add_flags() names the flags that set them, and their values before are the defaults.

namespace mnist {

/// Which images.
struct DataOptions {
  std::string folder;  ///< Of the MNIST files; empty: look where they usually are.
};

/// How a command computes.
struct RunOptions {
  std::uint64_t seed = 42;
  std::size_t threads = 0;  ///< 0: as many as the machine has cores.
};

void add_flags(CLI::App& app, DataOptions& options);
void add_flags(CLI::App& app, RunOptions& options);

}  // namespace mnist
