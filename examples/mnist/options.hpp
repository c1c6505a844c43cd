#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mnist {

/// How a network is built and trained.
struct Recipe {
  std::vector<std::size_t> hidden{128};
  std::string activation = "sigmoid";
  std::optional<double> initial_deviation;  ///< Of normal first weights; Glorot's when absent.
  std::size_t epochs = 15;
  std::size_t batch_size = 64;
  double learning_rate = 0.3;
  double momentum = 0.9;
  bool decay = true;  ///< Whether the learning rate falls to 0 on a straight line.
};

/// What the command line asks for.
struct Options {
  std::string data;  ///< The folder of the MNIST files; empty: look where they usually are.
  std::string recipe_name = "default";
  Recipe recipe;
  std::uint64_t seed = 42;
  std::size_t threads = 0;  ///< 0: as many as the machine has cores.
  bool check_gradients_only = false;
};

/// Reads the command line. Prints what is asked for, or one line that names the flag at fault, and
/// ends the program when there is nothing to train: exit status 0 after --help and --version, 2 for
/// an error. Throws Error when what is asked for cannot be printed.
Options parse_options(int argc, const char* const* argv);

}  // namespace mnist
