#include <fmt/format.h>

#include "examples/cli/output.hpp"
#include "examples/mnist/commands.hpp"
#include "examples/mnist/data.hpp"
#include "examples/mnist/gradient_check.hpp"
#include "examples/mnist/identity.hpp"
#include "examples/mnist/model_file.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/printing.hpp"
#include "examples/mnist/report/configuration.hpp"
#include "examples/mnist/report/report.hpp"
#include "examples/mnist/training.hpp"
#include "nn/report/report.hpp"

namespace mnist {
namespace {

struct TrainOptions {
  cli::DataOptions data;
  Recipe recipe;
  cli::RunOptions run;
  cli::TrainingOptions training;
  cli::CheckpointOptions checkpoints;
  cli::OutputOptions output;
  ReportOptions report;
};

void add_flags(CLI::App& app, TrainOptions& options) {
  add_flags(app, options.data);
  add_flags(app, options.recipe);
  add_flags(app, options.training);
  add_flags(app, options.checkpoints);
  add_flags(app, options.run);
  add_flags(app, options.output);
  add_flags(app, options.report);
}

/// Throws what keeping the weights and the report would, if it can be told beforehand: not after
/// hours of training.
void require_writable(const ReportOptions& kept) {
  if (!kept.weights.empty()) {
    xtape::nn::require_writable(kept.weights);
  }
  if (!kept.folder.empty()) {
    xtape::nn::Report::require_writable(kept.folder);
  }
}

/// Hands to the system what has been printed. A run whose weights or report are wanted goes on when
/// nobody takes that, and says so in the end; one that only prints ends with an Error.
void show(const ReportOptions& kept) {
  if (kept.weights.empty() && kept.folder.empty()) {
    cli::flush_output();
  } else {
    cli::try_flush_output();
  }
}

void keep_weights(const TrainOptions& options, const DataSource& source,
                  const xtape::nn::Sequential<float>& network) {
  if (!options.report.weights.empty()) {
    save_model(options.report.weights, {.network = network,
                                        .activation = options.recipe.activation,
                                        .class_names = source.class_names,
                                        .features = source.data.train.features.sample_size()});
  }
}

void keep_report(const TrainOptions& options, const DataSource& source,
                 const xtape::nn::Sequential<float>& network, const xtape::nn::History& history,
                 const GradientCheck& gradients) {
  if (!options.report.folder.empty()) {
    write_report(options.report.folder, {.title = source.title,
                                         .class_names = source.class_names,
                                         .data = source.data,
                                         .network = network,
                                         .history = history,
                                         .gradients = gradients.parameters,
                                         .configuration = describe(options.recipe, options.run),
                                         .versions = describe_versions()});
  }
}

/// Says where they are.
void print_kept(const TrainOptions& options) {
  const auto& [weights, folder] = options.report;
  if (options.output.verbose()) {
    cli::print_output(
        "{}{}", weights.empty() ? "" : fmt::format("weights in {}\n", weights.string()),
        folder.empty() ? "" : fmt::format("report in {}\n", (folder / "index.html").string()));
  }
}

/// Throws ValueError if a run is to be resumed of which nothing is kept.
void require_checkpoint(const std::filesystem::path& folder) {
  xtape::require<xtape::ValueError>(
      std::filesystem::exists(folder) && !xtape::nn::find_checkpoints(folder).empty(),
      "{}: holds no checkpoint to --resume from", folder.string());
}

xtape::nn::Run make_run(const TrainOptions& options, const xtape::nn::Mnist& data) {
  const cli::CheckpointOptions& kept = options.checkpoints;
  xtape::nn::Run run{.epochs = options.recipe.epochs,
                     .folder = kept.folder,
                     .resume = kept.resume,
                     .save_every = kept.save_every,
                     .keep = kept.keep,
                     .early_stop = options.training.early_stop,
                     .histograms = !options.report.folder.empty(),
                     .summary = false};
  if (options.output.quiet) {
    run.progress = xtape::nn::ProgressStyle::none;
  }
  if (!kept.folder.empty()) {
    run.identity = identity_of(options.recipe, options.training, options.run.seed, data);
  }
  return run;
}

/// Why the run ended early and how it can go on.
void report_interruption(const Outcome& outcome, const TrainOptions& options) {
  const std::string& folder = options.checkpoints.folder;
  cli::complain(fmt::format("interrupted after {} of {} epochs, {}",
                            outcome.history.epochs().size(), options.recipe.epochs,
                            folder.empty() ? "without --checkpoints to go on from"
                                           : "to go on from " + folder + " with --resume"));
}

int train(const cli::Arguments& arguments) {
  const auto options = cli::parse_options<TrainOptions>(train_command, arguments);
  const bool verbose = options.output.verbose();
  require_writable(options.report);
  const DataSource source = prepare(options.data, options.run, verbose);
  const xtape::nn::Mnist& data = source.data;
  if (options.checkpoints.resume) {
    require_checkpoint(options.checkpoints.folder);
  }

  xtape::Rng rng{options.run.seed};
  auto network = make_network<float>(options.recipe, data.train.features.sample_size(), rng);
  if (verbose) {
    cli::print_output("{}\n", network.table(data.train.features.shape()));
    show(options.report);  // the proof takes a moment
  }
  const GradientCheck gradients =
      check_gradients(options.recipe, options.run.seed, data.train, verbose);
  if (!gradients) {
    return 1;
  }

  const Printer printer(options.output, options.training, options.run.deterministic);
  const Listener listener{.begins =
                              [&] {
                                printer.heading();
                                show(options.report);
                              },
                          .epoch_ended =
                              [&](const xtape::nn::EpochRecord& epoch) {
                                printer.epoch(epoch);
                                show(options.report);
                              }};
  const Plan plan{options.recipe, options.training.validation, make_run(options, data)};
  const Outcome outcome = train(network, plan, data, rng, listener);
  keep_weights(options, source, network);  // first: a report may fail, and printing take for ever
  printer.result(outcome);
  show(options.report);
  keep_report(options, source, network, outcome.history, gradients);
  print_kept(options);
  cli::flush_output();
  if (outcome.failure) {
    std::rethrow_exception(outcome.failure);
  }
  if (outcome.signal != 0) {
    report_interruption(outcome, options);
    return 128 + outcome.signal;
  }
  return 0;
}

}  // namespace

const cli::Command train_command{
    "train", "Train a network (the default)",
    "Examples:\n"
    "  mnist train --hidden 512,256 --activation relu --learning-rate 0.1\n"
    "  mnist train --recipe post --seed 7\n",
    train};

}  // namespace mnist
