#include "examples/images/train.hpp"

#include <fmt/ranges.h>  // fmt::join

#include <filesystem>
#include <utility>

#include "examples/cli/epoch_lines.hpp"
#include "examples/cli/output.hpp"
#include "examples/cli/ranks.hpp"
#include "examples/cli/runs.hpp"
#include "examples/images/model_file.hpp"
#include "examples/images/report.hpp"
#include "nn/report/report.hpp"

namespace images {
namespace {

namespace nn = xtape::nn;

/// Returns the training images and those for validation.
std::pair<nn::Dataset, nn::Dataset> split_off(const nn::Dataset& data, std::size_t validation) {
  xtape::require<xtape::ValueError>(validation < data.size() || validation == 0,
                                    "--validation: {} of {} training images leave none to train on",
                                    validation, data.size());
  return nn::split(data, validation);
}

nn::Metrics measure(const Classifier& network, const nn::Dataset& validation,
                    const nn::Dataset& test, xtape::Tape<float>& tape, nn::ProcessGroup* group) {
  const auto accuracy = [&](const nn::Dataset& data) {
    return nn::evaluate(network, data, tape, 500, group).accuracy();
  };
  nn::Metrics metrics;
  if (validation.size() > 0) {
    metrics.push_back({cli::validation_accuracy, nn::higher_is_better(accuracy(validation))});
  }
  metrics.push_back({cli::test_accuracy, accuracy(test)});
  return metrics;
}

void save_weights(const TrainOptions& options, const Course& course, const DataSource& source,
                  const nn::Sequential<float>& network) {
  if (!options.results.weights.empty()) {
    const nn::Samples& images = source.data.train.features;
    Model model{.network = network,
                .facts = course.facts,
                .class_names = source.class_names,
                .image = images.shape()};
    model.facts.emplace("image", fmt::format("{}", fmt::join(images.shape(), ",")));
    const std::filesystem::path wanted = options.results.weights;
    const std::filesystem::path place = cli::place_of_weights(wanted);
    save_model(place, model);
    xtape::require<xtape::DataError>(place == wanted,
                                     "{}: was no file of weights any more after the training, so "
                                     "the weights are in {}",
                                     wanted.string(), place.string());
  }
}

nn::Run make_run(const TrainOptions& options, const Course& course, const Data& data,
                 nn::ProcessGroup* group) {
  const cli::CheckpointOptions& kept = options.checkpoints;
  nn::Run run{
      .epochs = course.epochs,
      .folder = kept.folder,
      .resume = kept.resume,
      .save_every = kept.save_every,
      .keep = kept.keep,
      .early_stop = options.training.early_stop,
      .histograms = !options.results.report.empty(),
      .progress = options.output.quiet ? nn::ProgressStyle::none : nn::ProgressStyle::automatic,
      .summary = false,
      .group = group,
      .local_steps = {options.training.local_steps, options.training.outer_rate,
                      options.training.outer_momentum}};
  if (!kept.folder.empty()) {
    run.identity = identity_of(course, options.training, options.run.seed, data);
  }
  return run;
}

/// Returns the exit status. Throws `failure`, or says how a run that was interrupted can go on.
int finish(const Outcome& outcome, const std::exception_ptr& failure, const TrainOptions& options,
           const Course& course) {
  if (failure) {
    std::rethrow_exception(failure);
  }
  if (outcome.signal == 0) {
    return 0;
  }
  if (cli::prints()) {
    cli::complain_interrupted(outcome.history.epochs().size(), course.epochs, options.checkpoints);
  }
  return 128 + outcome.signal;
}

/// Prints the epochs as they end.
Listener listener_of(const cli::EpochLines& lines, const cli::ResultOptions& results) {
  return {.begins =
              [&] {
                lines.heading();
                show_output(results);
              },
          .epoch_ended =
              [&](const nn::EpochRecord& epoch) {
                lines.epoch(epoch);
                show_output(results);
              }};
}

/// Trains `model`, and calls `after_step` after each step. `judged` is the part of it that
/// predicts.
template <class Model>
Outcome train_model(Model& model, const nn::Sequential<float>& judged,
                    const std::function<void()>& after_step, const Plan& plan, const Data& data,
                    xtape::Rng& rng, const Listener& listener) {
  const Course& course = plan.course;
  xtape::require<xtape::ValueError>(plan.run.early_stop == 0 || plan.validation > 0,
                                    "--early-stop requires --validation images, got 0");
  const auto [rest, validation] = split_off(data.train, plan.validation);
  nn::Batches batches(rest, course.batch_size, rng, course.batches);
  const auto optimizer = course.make_optimizer(batches.size());
  xtape::Tape<float> tape;
  xtape::Rng seeds = rng;  // a copy: what the tape draws does not change the order of images
  tape.rng() = xtape::Rng{seeds()};

  const nn::SoftmaxCrossEntropy criterion{.label_smoothing = course.label_smoothing};
  nn::Run run = plan.run;
  run.statistics_momentum = course.statistics_momentum;
  nn::Epochs epochs(run, model, *optimizer, tape, batches);
  if (!epochs.warning().empty()) {
    cli::complain(epochs.warning());
  }
  listener.begins();
  std::exception_ptr failure;
  std::size_t begun = 0;
  try {
    for (nn::Epoch& epoch : epochs) {
      begun = epoch.number();
      for (const auto& batch : epoch) {
        epoch.step([&] { return criterion(model(tape.constant(batch.inputs)), batch.targets); });
        after_step();
      }
      if (epoch.complete()) {
        epoch.end(
            measure(Classifier(plan.subject, judged), validation, data.test, tape, run.group));
        listener.epoch_ended(epochs.history().epochs().back());
      }
    }
  } catch (const xtape::DataError&) {
    failure = std::current_exception();
  } catch (const xtape::Error&) {  // such as a loss that is not finite
    if (run.early_stop == 0 || epochs.kept() == nullptr) {
      throw;
    }
    failure = std::current_exception();  // the model gets the best weights back
  }
  Outcome outcome{epochs.history(), {}, epochs.seconds(), epochs.signal(), failure};
  outcome.within_epoch = run.early_stop == 0 && begun > epochs.history().epochs().size();
  if (epochs.kept() != nullptr) {
    outcome.kept = *epochs.kept();
  }
  return outcome;
}

/// The same as one of the ranks of a group, or alone if it is null.
int check_and_train(const TrainOptions& options, const Course& course, nn::ProcessGroup* group) {
  const Subject& subject = *options.data.subject;
  const bool verbose = options.output.verbose();
  require_writable(options.results, options.checkpoints);
  const DataSource source =
      nn::rank_0_first(group, [&] { return prepare(options.data, options.run, verbose); });
  const Data& data = source.data;
  if (cli::leads(group)) {
    require_checkpoint(options.checkpoints);
  }

  xtape::Rng rng{options.run.seed};
  auto network = course.make_network(data.train, rng);
  if (verbose) {
    cli::print_output("{}\n", network.table(data.train.features.shape()));
    show_output(options.results);  // the proof takes a moment
  }
  const auto gradients = course.check_gradients(data.train, options.run.seed, verbose);
  if (!gradients) {
    return 1;
  }

  const cli::EpochLines lines(options.output, options.training, options.run.deterministic);
  const Plan plan{subject, course, options.training.validation,
                  make_run(options, course, data, group)};
  const Outcome outcome = train(network, plan, data, rng, listener_of(lines, options.results));
  std::exception_ptr failure = outcome.failure;
  bool written = true;
  const auto attempt = [&](const auto& write) {  // the first failure is reported at the end
    try {
      write();
    } catch (const xtape::Error&) {
      written = false;
      failure = failure ? failure : std::current_exception();
    }
  };
  // First: printing may take for ever.
  attempt([&] { save_weights(options, course, source, network); });
  if (outcome.kept) {
    lines.result(*outcome.kept, outcome.seconds, outcome.within_epoch);
  }
  show_output(options.results);
  if (!options.results.report.empty()) {
    attempt([&] {
      nn::Report::require_writable(options.results.report);
      write_report(options.results.report, {.subject = subject,
                                            .source = source,
                                            .network = network,
                                            .history = outcome.history,
                                            .gradients = gradients.parameters,
                                            .course = course,
                                            .seed = options.run.seed});
    });
  }
  if (verbose && written) {
    print_places(options.results);
  }
  cli::flush_output();
  return finish(outcome, failure, options, course);
}

}  // namespace

int check(const DataOptions& data, const cli::RunOptions& run, const Course& course) {
  const Data images = prepare(data, run).data;
  const auto gradients = course.check_gradients(images.train, run.seed, true);
  cli::flush_output();
  return gradients ? 0 : 1;
}

int check_and_train(const TrainOptions& options, const Course& course) {
  const auto group = cli::join_ranks();
  TrainOptions mine = options;
  if (!cli::leads(group.get())) {
    mine.results = {};
    mine.output = {.quiet = true};
  }
  return nn::end_together(group.get(), [&] { return check_and_train(mine, course, group.get()); });
}

Outcome train(nn::Sequential<float>& network, const Plan& plan, const Data& data, xtape::Rng& rng,
              const Listener& listener) {
  if (plan.course.average == 0) {
    return train_model(
        network, network, [] {}, plan, data, rng, listener);
  }
  nn::AverageWeights net(network, {.decay = plan.course.average});
  const Outcome outcome = train_model(
      net, net.average, [&] { net.update(); }, plan, data, rng, listener);
  network = net.average;
  return outcome;
}

nn::Identity identity_of(const Course& course, const cli::TrainingOptions& training,
                         std::uint64_t seed, const Data& data) {
  nn::Identity identity{
      {"validation", fmt::format("{}", training.validation)},
      {"early_stop", fmt::format("{}", training.early_stop)},
      {"seed", fmt::format("{}", seed)},
      {"data", fmt::format("{} images, {:016x}", data.train.size(),
                           cli::fingerprint(data.test, cli::fingerprint(data.train)))},
  };
  for (const auto& [name, value] : course.ingredients) {
    identity.emplace(name, value);
  }
  return identity;
}

}  // namespace images
