#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "nn/data/batches.hpp"
#include "nn/module.hpp"
#include "nn/optim/optimizer.hpp"
#include "tensor/rng.hpp"

/// @file
/// A training run on disk, to go on with as if it had never stopped.

namespace xtape::nn {

/// The numbers of a checkpoint that can be held against each other.
struct CheckpointNumbers {
  std::size_t steps = 0;                  ///< Of the optimizer.
  Batches::Position position{};           ///< Of the batches; zeros when the run has none.
  std::map<std::string, double> numbers;  ///< Those of TrainingState.
};

/// What changes in a run beside its model and its optimizer. It refers to the batches and the Rngs.
struct TrainingState {
  Batches* batches = nullptr;               ///< None when the run has no Batches.
  std::map<std::string, Rng*> rngs{};       ///< Others than that of the batches: the tape's.
  std::map<std::string, double> numbers{};  ///< The epoch, the loss so far, the best accuracy.

  /// Called by load_checkpoint() before anything changes; throws ValueError to refuse the file.
  /// Which numbers fit each other is known to the program alone.
  std::function<void(const CheckpointNumbers&)> check{};
};

/// What must be the same for a run to go on: its configuration, a fingerprint of its data. In
/// UTF-8.
using Identity = std::map<std::string, std::string>;

namespace detail {

template <class A>
struct NamedParameter {
  std::string name;
  A* array;
};

template <class T>
void write_checkpoint(const std::filesystem::path& path,
                      const std::vector<NamedParameter<const Array<T>>>& parameters,
                      const Optimizer<T>& optimizer, const TrainingState& state,
                      const Identity& identity);
template <class T>
void read_checkpoint(const std::filesystem::path& path,
                     const std::vector<NamedParameter<Array<T>>>& parameters,
                     Optimizer<T>& optimizer, TrainingState& state, const Identity& identity);

}  // namespace detail

/// Writes the whole state of a run to a safetensors file: the model, the optimizer's steps and
/// slots, the position and order of the batches, the Rngs, the numbers, and as metadata the version
/// of xtape, the optimizer's name and the identity. An earlier file is replaced as write_file()
/// does it: killed at any moment, it leaves the old checkpoint or the new one.
///
/// In the body of a loop over the batches it is called after the optimizer's step, the batch of
/// that turn then counts as done. Throws DataError when the file cannot be written, TapeError when
/// the optimizer began with another model, ValueError when two parameters have one name or the
/// identity is no UTF-8, ShapeError naming a parameter that was moved from.
template <class T, class Model>
void save_checkpoint(const std::filesystem::path& path, const Model& model,
                     const Optimizer<T>& optimizer, const TrainingState& state,
                     const Identity& identity) {
  detail::require_whole_parameters("save_checkpoint", model);
  std::vector<detail::NamedParameter<const Array<T>>> parameters;
  for_each_parameter(model, [&](const ParameterName& name, const Array<T>& array) {
    parameters.push_back({name.str(), &array});
  });
  detail::write_checkpoint(path, parameters, optimizer, state, identity);
}

/// Brings the model, the optimizer, the batches, the Rngs and the numbers to where they were, so
/// that the run goes on with the same bits as one that never stopped; the next loop over the
/// batches does what remained of the epoch. The options of the optimizer are not in the file: they
/// are the caller's, and their place is in the identity.
///
/// Throws DataError, with every reason that it finds, when the file is no sound checkpoint or is
/// one of another version of xtape, optimizer, identity, model, dataset size or batch size, or with
/// Rngs or numbers of other names than `state` has, or when `state.check` refuses its numbers.
/// Throws ShapeError naming a parameter that was moved from. Then nothing has changed.
template <class T, class Model>
void load_checkpoint(const std::filesystem::path& path, Model& model, Optimizer<T>& optimizer,
                     TrainingState& state, const Identity& identity) {
  detail::require_whole_parameters("load_checkpoint", model);
  std::vector<detail::NamedParameter<Array<T>>> parameters;
  for_each_parameter(model, [&](const ParameterName& name, Array<T>& array) {
    parameters.push_back({name.str(), &array});
  });
  detail::read_checkpoint(path, parameters, optimizer, state, identity);
}

/// The identity that a checkpoint was saved with, to set up the run that goes on with it. Throws
/// DataError when the file is no sound checkpoint.
Identity read_identity(const std::filesystem::path& path);

/// `folder`/checkpoint-00000042.safetensors for the number 42.
std::filesystem::path checkpoint_path(const std::filesystem::path& folder, std::size_t number);

/// The files in `folder` that are called as checkpoint_path() calls them, the lowest number first.
/// Throws DataError when the folder cannot be read.
std::vector<std::filesystem::path> find_checkpoints(const std::filesystem::path& folder);

/// Removes all of find_checkpoints() but the last `count`, and nothing else. Throws DataError when
/// one cannot be removed, ValueError when `count` is 0.
void keep_last_checkpoints(const std::filesystem::path& folder, std::size_t count);

}  // namespace xtape::nn
