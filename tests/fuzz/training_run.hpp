#pragma once

#include <array>
#include <memory>
#include <xtape.hpp>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/datasets.hpp"

namespace fuzz {

/// The smallest training run with all that a checkpoint holds, the same each time it is made.
class TrainingRun {
 public:
  /// With Adam, which keeps two arrays of each parameter, or with plain SGD, which keeps none.
  explicit TrainingRun(bool adam) : model_{xtape::nn::Linear<float>(15, 2, rng_)} {
    if (adam) {
      optimizer_ = std::make_unique<xtape::nn::Adam<float>>();
    } else {
      optimizer_ = std::make_unique<xtape::nn::SGD<float>>();
    }
    state_.batches = &batches_;
    state_.rngs = {{"tape", &tape_.rng()}};
    xtape::nn::History history;
    history.end_epoch({.epoch = 1, .metrics = {{"accuracy", xtape::nn::higher_is_better(0.5)}}},
                      model_);
    state_.series = xtape::nn::series_of(history);
    state_.check = [](const xtape::nn::CheckpointNumbers& saved) {
      const auto loss = saved.series.find("history.loss");
      xtape::nn::history_of(saved.series, loss == saved.series.end() ? 0 : loss->second.size());
    };
  }

  /// Makes one step, or none when the epoch is at its end.
  void train() {
    for (const auto& batch : batches_) {
      tape_.rewind();
      const auto output = model_(tape_.constant(batch.inputs));
      tape_.backward(mean(output * output));
      optimizer_->step(model_, tape_);
      state_.numbers.at("loss") += 1;
      break;
    }
  }

  void save(const std::filesystem::path& path) const {
    xtape::nn::save_checkpoint(path, model_, *optimizer_, state_, identity_);
  }
  void load(const std::filesystem::path& path) {
    xtape::nn::load_checkpoint(path, model_, *optimizer_, state_, identity_);
  }

  /// All that the run consists of.
  std::string bits() const {
    const auto position = batches_.position();
    std::string all = fuzz::bits(std::array{optimizer_->steps(), position.items,
                                            position.batch_size, position.given,
                                            std::size_t{position.within_epoch}, position.epochs}) +
                      fuzz::bits(position.epoch_start) + fuzz::bits(position.rng) +
                      fuzz::bits(state_.rngs.at("tape")->state());
    xtape::nn::for_each_parameter(
        model_, [&](const xtape::nn::ParameterName&, const xtape::Array<float>& array) {
          all += fuzz::bits(array.storage());
        });
    for (const auto& slot : optimizer_->slots()) {
      for (const auto& array : slot.state) {
        all += fuzz::bits(array.storage());
      }
    }
    for (const auto& [name, number] : state_.numbers) {
      all += fuzz::bits(std::array{number});
    }
    for (const auto& [name, series] : state_.series) {
      all += name + fuzz::bits(series);
    }
    const auto [scale, best, waits] = optimizer_->plateau();
    all += fuzz::bits(std::array{scale, best, static_cast<double>(waits)});
    return all;
  }

  const xtape::nn::Identity& identity() const { return identity_; }
  std::size_t steps() const { return optimizer_->steps(); }

 private:
  xtape::nn::Identity identity_{{"data", "5 images"}};
  xtape::Rng rng_{1};
  xtape::nn::Dataset data_ = numbered_images(5);
  xtape::nn::Sequential<float> model_;
  std::unique_ptr<xtape::nn::Optimizer<float>> optimizer_;
  xtape::nn::Batches batches_{data_, 2, rng_};
  xtape::Tape<float> tape_;
  xtape::nn::TrainingState state_{.numbers = {{"loss", 0}}};
};

}  // namespace fuzz
