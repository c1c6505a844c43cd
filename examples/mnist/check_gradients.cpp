#include "examples/mnist/check_gradients.hpp"

#include <algorithm>

#include "examples/cli/output.hpp"
#include "examples/mnist/commands.hpp"
#include "examples/mnist/data.hpp"
#include "examples/mnist/network.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;

/// At most so many images are checked, so that the proof takes no longer for larger batches.
constexpr std::size_t max_batch = 64, max_batch_of_convolutions = 16;

struct CheckOptions {
  cli::DataOptions data;
  Recipe recipe;
  cli::RunOptions run;
};

void add_flags(CLI::App& app, CheckOptions& options) {
  add_flags(app, options.data);
  add_flags(app, options.recipe);
  add_flags(app, options.run);
}

int run(const cli::Arguments& arguments) {
  const auto options = cli::parse_options<CheckOptions>(check_gradients_command, arguments);
  const xtape::nn::Mnist data = prepare(options.data, options.run).data;
  const auto gradients = check_gradients(options.recipe, options.run.seed, data.train);
  cli::flush_output();
  return gradients ? 0 : 1;
}

}  // namespace

by_hand::GradientCheck check_gradients(const Recipe& recipe, std::uint64_t seed,
                                       const nn::Dataset& data, bool verbose) {
  xtape::Rng rng{seed};
  Recipe certain = recipe;
  certain.dropout = 0;  // which would give each loss another network
  auto network = make_network<double>(certain, data.features.shape(), rng);
  const std::size_t most = recipe.filters.empty() ? max_batch : max_batch_of_convolutions;
  nn::Batches batches(data, std::min(recipe.batch_size, most));
  return by_hand::check_gradients(network, *batches.begin(), seed, verbose);
}

const cli::Command check_gradients_command{
    "check-gradients", "Compare the gradients with those derived by hand and by differences",
    "Exit status 1 when they disagree. Examples:\n"
    "  mnist check-gradients --hidden 100,100 --activation gelu\n",
    run};

}  // namespace mnist
