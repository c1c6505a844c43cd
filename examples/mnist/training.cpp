#include "examples/mnist/training.hpp"

#include <algorithm>
#include <utility>

#include "examples/cli/output.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/optimizer.hpp"

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
    metrics.push_back({validation_accuracy, nn::higher_is_better(accuracy(validation))});
  }
  metrics.push_back({test_accuracy, accuracy(test)});
  return metrics;
}

Outcome outcome_of(const nn::Epochs& epochs, const std::exception_ptr& failure) {
  Outcome outcome{epochs.history(), {}, epochs.seconds(), epochs.signal(), failure};
  if (epochs.kept() != nullptr) {
    outcome.kept = *epochs.kept();
  }
  return outcome;
}

}  // namespace

Outcome train(nn::Sequential<float>& network, const Plan& plan, const nn::Mnist& data,
              xtape::Rng& rng, const Listener& listener) {
  const Recipe& recipe = plan.recipe;
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
  return outcome_of(epochs, failure);
}

}  // namespace mnist
