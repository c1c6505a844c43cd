#include <fmt/core.h>

#include "examples/mnist/commands.hpp"
#include "examples/mnist/data.hpp"
#include "examples/mnist/gradient_check.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/output.hpp"
#include "examples/mnist/printing.hpp"
#include "examples/mnist/signals.hpp"
#include "examples/mnist/training.hpp"

namespace mnist {
namespace {

struct TrainOptions {
  DataOptions data;
  Recipe recipe;
  RunOptions run;
  TrainingOptions training;
  OutputOptions output;
};

void add_flags(CLI::App& app, TrainOptions& options) {
  add_flags(app, options.data);
  add_flags(app, options.recipe);
  add_flags(app, options.training);
  add_flags(app, options.run);
  add_flags(app, options.output);
}

int train(const Arguments& arguments) {
  const auto options = parse_options<TrainOptions>(train_command, arguments);
  const bool verbose = options.output.verbose();
  const xtape::nn::Mnist data = prepare(options.data, options.run, verbose).data;

  xtape::Rng rng{options.run.seed};
  auto network = make_network<float>(options.recipe, data.train.features(), rng);
  if (verbose) {
    fmt::print("{}\n", network.table(xtape::Shape{data.train.features()}));
    flush_output();  // the proof takes a moment
  }
  if (!check_gradients(options.recipe, options.run.seed, data.train, verbose)) {
    return 1;
  }

  const Printer printer(options.output, options.training, options.run.deterministic);
  Progress progress(options.output.quiet ? Progress::Style::none : Progress::style_of_stderr());
  const CatchSignals guard;
  printer.heading();
  const Outcome outcome = train(network, options.recipe, options.training, data, rng, progress,
                                [&](const Epoch& epoch) { printer.epoch(epoch); });
  printer.result(outcome);
  if (outcome.signal != 0) {
    complain(fmt::format("interrupted after {} of {} epochs", outcome.last.number,
                         options.recipe.epochs));
    return 128 + outcome.signal;
  }
  return 0;
}

}  // namespace

const Command train_command{"train", "Train a network (the default)",
                            "Examples:\n"
                            "  mnist train --hidden 512,256 --activation relu --learning-rate 0.1\n"
                            "  mnist train --recipe post --seed 7\n",
                            train};

}  // namespace mnist
