#include "examples/mnist/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "examples/cli/epoch_lines.hpp"
#include "examples/cli/output.hpp"
#include "examples/cli/runs.hpp"
#include "examples/mnist/check_gradients.hpp"
#include "examples/mnist/commands.hpp"
#include "examples/mnist/data.hpp"
#include "examples/mnist/model_file.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/optimizer.hpp"
#include "examples/mnist/report.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;

/// Returns the training images and those for validation.
std::pair<nn::Dataset, nn::Dataset> split_off(const nn::Dataset& data, std::size_t validation) {
  xtape::require<xtape::ValueError>(validation < data.size() || validation == 0,
                                    "--validation: {} of {} training images leave none to train on",
                                    validation, data.size());
  return nn::split(data, validation);
}

nn::BatchOptions batch_options(const Recipe& recipe) {
  nn::BatchOptions options;
  if (recipe.augment.any()) {
    options.transform = nn::Augment(recipe.augment);
  }
  return options;
}

/// Writes targets of which all classes share a part (Szegedy et al. 2016): 1 - smoothing +
/// smoothing / classes for the label, smoothing / classes for the others.
void smooth_targets(xtape::Indices labels, double smoothing, xtape::Array<float>& targets) {
  resize(targets, xtape::Shape{labels.size(), classes});
  std::fill(targets.storage().begin(), targets.storage().end(),
            static_cast<float>(smoothing / static_cast<double>(classes)));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    targets.data()[i * classes + static_cast<std::size_t>(labels[i])] +=
        static_cast<float>(1 - smoothing);
  }
}

xtape::Variable<float> loss_of(xtape::Variable<float> logits, const nn::BatchSamples& labels,
                               double smoothing) {
  if (smoothing == 0) {
    return nn::SoftmaxCrossEntropy{}(logits, labels);
  }
  const auto targets = logits.tape().constant(
      [&](xtape::Array<float>& out) { smooth_targets(labels, smoothing, out); });
  return nn::SoftmaxCrossEntropy{}(logits, targets);
}

nn::Metrics measure(const nn::Sequential<float>& network, const nn::Dataset& validation,
                    const nn::Dataset& test, xtape::Tape<float>& tape) {
  const auto accuracy = [&](const nn::Dataset& data) {
    return nn::evaluate(network, data, tape).accuracy();
  };
  nn::Metrics metrics;
  if (validation.size() > 0) {
    metrics.push_back({cli::validation_accuracy, nn::higher_is_better(accuracy(validation))});
  }
  metrics.push_back({cli::test_accuracy, accuracy(test)});
  return metrics;
}

struct TrainOptions {
  cli::DataOptions data;
  Recipe recipe;
  cli::RunOptions run;
  cli::TrainingOptions training;
  cli::CheckpointOptions checkpoints;
  cli::OutputOptions output;
  cli::ResultOptions results;
};

void add_flags(CLI::App& app, TrainOptions& options) {
  add_flags(app, options.data);
  add_flags(app, options.recipe);
  add_flags(app, options.training);
  add_flags(app, options.checkpoints);
  add_flags(app, options.run);
  add_flags(app, options.output);
  add_flags(app, options.results);
}

void save_weights(const TrainOptions& options, const DataSource& source,
                  const nn::Sequential<float>& network) {
  if (!options.results.weights.empty()) {
    save_model(options.results.weights, {.network = network,
                                         .activation = options.recipe.activation,
                                         .class_names = source.class_names,
                                         .features = source.data.train.features.sample_size()});
  }
}

nn::Run make_run(const TrainOptions& options, const nn::Mnist& data) {
  const cli::CheckpointOptions& kept = options.checkpoints;
  nn::Run run{
      .epochs = options.recipe.epochs,
      .folder = kept.folder,
      .resume = kept.resume,
      .save_every = kept.save_every,
      .keep = kept.keep,
      .early_stop = options.training.early_stop,
      .histograms = !options.results.report.empty(),
      .progress = options.output.quiet ? nn::ProgressStyle::none : nn::ProgressStyle::automatic,
      .summary = false};
  if (!kept.folder.empty()) {
    run.identity = identity_of(options.recipe, options.training, options.run.seed, data);
  }
  return run;
}

/// Returns the exit status. Throws what ended the run, and says how it can go on.
int finish(const Outcome& outcome, const TrainOptions& options) {
  if (outcome.failure) {
    std::rethrow_exception(outcome.failure);
  }
  if (outcome.signal == 0) {
    return 0;
  }
  cli::complain_interrupted(outcome.history.epochs().size(), options.recipe.epochs,
                            options.checkpoints);
  return 128 + outcome.signal;
}

int run(const cli::Arguments& arguments) {
  const auto options = cli::parse_options<TrainOptions>(train_command, arguments);
  const bool verbose = options.output.verbose();
  require_writable(options.results);
  const DataSource source = prepare(options.data, options.run, verbose);
  const nn::Mnist& data = source.data;
  require_checkpoint(options.checkpoints);

  xtape::Rng rng{options.run.seed};
  auto network = make_network<float>(options.recipe, data.train.features.shape(), rng);
  if (verbose) {
    cli::print_output("{}\n", network.table(data.train.features.shape()));
    show_output(options.results);  // the proof takes a moment
  }
  const auto gradients = check_gradients(options.recipe, options.run.seed, data.train, verbose);
  if (!gradients) {
    return 1;
  }

  const cli::EpochLines lines(options.output, options.training, options.run.deterministic);
  const Listener listener{.begins =
                              [&] {
                                lines.heading();
                                show_output(options.results);
                              },
                          .epoch_ended =
                              [&](const nn::EpochRecord& epoch) {
                                lines.epoch(epoch);
                                show_output(options.results);
                              }};
  const Plan plan{options.recipe, options.training.validation, make_run(options, data)};
  const Outcome outcome = train(network, plan, data, rng, listener);
  save_weights(options, source, network);  // first: a report may fail, and printing take for ever
  if (outcome.kept) {
    lines.result(*outcome.kept, outcome.seconds);
  }
  show_output(options.results);
  if (!options.results.report.empty()) {
    write_report(options.results.report, {.source = source,
                                          .network = network,
                                          .history = outcome.history,
                                          .gradients = gradients.parameters,
                                          .recipe = options.recipe,
                                          .seed = options.run.seed});
  }
  if (verbose) {
    print_places(options.results);
  }
  cli::flush_output();
  return finish(outcome, options);
}

}  // namespace

Outcome train(nn::Sequential<float>& network, const Plan& plan, const nn::Mnist& data,
              xtape::Rng& rng, const Listener& listener) {
  const Recipe& recipe = plan.recipe;
  xtape::require<xtape::ValueError>(plan.run.early_stop == 0 || plan.validation > 0,
                                    "--early-stop requires --validation images, got 0");
  const auto [rest, validation] = split_off(data.train, plan.validation);
  nn::Batches batches(rest, recipe.batch_size, rng, batch_options(recipe));
  const auto optimizer = make_optimizer(recipe, batches.size());
  xtape::Tape<float> tape;
  xtape::Rng seeds = rng;  // a copy: what the tape draws does not change the order of images
  tape.rng() = xtape::Rng{seeds()};

  nn::Epochs epochs(plan.run, network, *optimizer, tape, batches);
  if (!epochs.warning().empty()) {
    cli::complain(epochs.warning());
  }
  listener.begins();
  std::exception_ptr failure;
  try {
    for (nn::Epoch& epoch : epochs) {
      for (const auto& batch : epoch) {
        epoch.step([&] {
          return loss_of(network(tape.constant(batch.inputs)), batch.targets,
                         recipe.label_smoothing);
        });
      }
      if (epoch.complete()) {
        epoch.end(measure(network, validation, data.test, tape));
        listener.epoch_ended(epochs.history().epochs().back());
      }
    }
  } catch (const xtape::DataError&) {
    failure = std::current_exception();
  }
  Outcome outcome{epochs.history(), {}, epochs.seconds(), epochs.signal(), failure};
  if (epochs.kept() != nullptr) {
    outcome.kept = *epochs.kept();
  }
  return outcome;
}

nn::Identity identity_of(const Recipe& recipe, const cli::TrainingOptions& training,
                         std::uint64_t seed, const nn::Mnist& data) {
  nn::Identity identity{
      {"validation", fmt::format("{}", training.validation)},
      {"early_stop", fmt::format("{}", training.early_stop)},
      {"seed", fmt::format("{}", seed)},
      {"data", fmt::format("{} images, {:016x}", data.train.size(),
                           cli::fingerprint(data.test, cli::fingerprint(data.train)))},
  };
  for (const auto& [name, value] : ingredients(recipe)) {
    identity.emplace(name, value);
  }
  return identity;
}

const cli::Command train_command{
    "train", "Train a network (the default)",
    "Examples:\n"
    "  mnist train --hidden 512,256 --activation relu --learning-rate 0.1\n"
    "  mnist train --recipe post --seed 7\n",
    run};

}  // namespace mnist
