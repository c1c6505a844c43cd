#include <fmt/core.h>

#include "examples/mnist/commands.hpp"
#include "examples/mnist/data.hpp"
#include "examples/mnist/gradient_check.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/output.hpp"
#include "examples/mnist/training.hpp"

namespace mnist {
namespace {

struct TrainOptions {
  DataOptions data;
  Recipe recipe;
  RunOptions run;
};

void add_flags(CLI::App& app, TrainOptions& options) {
  add_flags(app, options.data);
  add_flags(app, options.recipe);
  add_flags(app, options.run);
}

int train(const Arguments& arguments) {
  const auto options = parse_options<TrainOptions>(train_command, arguments);
  const xtape::nn::Mnist data = prepare(options.data, options.run);

  xtape::Rng rng{options.run.seed};
  auto network = make_network<float>(options.recipe, data.train.features(), rng);
  fmt::print("{}\n", network.table(xtape::Shape{data.train.features()}));
  flush_output();  // the proof takes a moment

  if (!check_gradients(options.recipe, options.run.seed, data.train)) {
    return 1;
  }
  train(network, options.recipe, data, rng);
  return 0;
}

}  // namespace

const Command train_command{"train", "Train a network (the default)",
                            "Examples:\n"
                            "  mnist train --hidden 512,256 --activation relu --learning-rate 0.1\n"
                            "  mnist train --recipe post --seed 7\n",
                            train};

}  // namespace mnist
