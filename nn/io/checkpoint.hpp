#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "nn/data/batches.hpp"
#include "nn/io/checkpoint_folder.hpp"
#include "nn/module.hpp"
#include "nn/optim/optimizer.hpp"
#include "tensor/rng.hpp"

/// @file
/// Checkpoints: files with everything that a run needs to resume.

namespace xtape::nn {

/// The numbers of a checkpoint. A program can check that they fit each other.
struct CheckpointNumbers {
  std::size_t steps = 0;                  ///< The number of the optimizer's steps.
  Batches::Position position{};           ///< The position in the batches. Zeros without batches.
  std::map<std::string, double> numbers;  ///< The numbers of TrainingState.
  std::map<std::string, std::vector<double>> series{};  ///< The series of TrainingState.
};

/// The state of a run, except model and optimizer. A TrainingState refers to the batches and the
/// Rngs.
struct TrainingState {
  Batches* batches = nullptr;                           ///< Null if the run has no Batches.
  std::map<std::string, Rng*> rngs{};                   ///< Other Rngs, such as the tape's.
  std::map<std::string, double> numbers{};              ///< Numbers, such as the best accuracy.
  std::map<std::string, std::vector<double>> series{};  ///< Lists of numbers, of any length.

  /// A callback that load_checkpoint() calls before anything changes. The callback throws
  /// ValueError to reject the file, for example if numbers do not fit each other.
  std::function<void(const CheckpointNumbers&)> check{};
};

/// The settings that must be the same to resume a run, in UTF-8: its configuration, and a
/// fingerprint of its data.
using Identity = std::map<std::string, std::string>;

namespace detail {

template <class A>
struct NamedArray {
  std::string name;
  A* array;
  bool is_count;  // see ArrayKind
};

/// The arrays of a model, each list in the order of the visit lines.
template <class A>
struct ModelArrays {
  std::vector<NamedArray<A>> parameters, buffers;
};

template <class A, class Model>
ModelArrays<A> arrays_of(Model& model) {
  ModelArrays<A> arrays;
  for_each_array(model, [&](const ParameterName& name, auto& array) -> void {
    (name.is_buffer() ? arrays.buffers : arrays.parameters)
        .push_back({name.str(), &array, name.is_count()});
  });
  return arrays;
}

template <class T>
void write_checkpoint(const std::filesystem::path& path, const ModelArrays<const Array<T>>& model,
                      const Optimizer<T>& optimizer, const TrainingState& state,
                      const Identity& identity);
template <class T>
void read_checkpoint(const std::filesystem::path& path, const ModelArrays<Array<T>>& model,
                     Optimizer<T>& optimizer, TrainingState& state, const Identity& identity);

}  // namespace detail

/// Writes the whole state of a run to a safetensors file. The state is the model with its buffers,
/// the optimizer's steps and slots, the position and order of the batches, the Rngs and the
/// numbers. The metadata hold the version of xtape, the optimizer's name, the identity and a
/// checksum. The file is replaced atomically, as by write_file(). If the process is killed at any
/// moment, the old checkpoint or the new one is left.
///
/// The optimizer may train only a part of the model. See select().
///
/// Inside a loop over the batches, call save_checkpoint() after the optimizer's step. The current
/// batch then counts as used. Throws DataError if the file cannot be written. Throws TapeError if
/// the optimizer trains a parameter that the model does not have. Throws ValueError if two arrays
/// of the model have the same name, or if the identity is not UTF-8. Throws ShapeError, with the
/// name of the array, if an array was moved from.
template <class T, class Model>
void save_checkpoint(const std::filesystem::path& path, const Model& model,
                     const Optimizer<T>& optimizer, const TrainingState& state,
                     const Identity& identity) {
  detail::require_whole_arrays("save_checkpoint", model);
  detail::write_checkpoint<T>(path, detail::arrays_of<const Array<T>>(model), optimizer, state,
                              identity);
}

/// Restores the model, the optimizer, the batches, the Rngs and the numbers. The resumed run is
/// bit-identical to one that never stopped. The next loop over the batches continues with the rest
/// of the epoch. The optimizer's options are not in the file. The caller should put them into the
/// identity.
///
/// Strong exception guarantee. Throws DataError, with all reasons, if the file is not a valid
/// checkpoint, does not have its checksum, or belongs to another run. It belongs to another run if
/// the version of xtape, the optimizer, the identity or the model differs. The same holds for
/// another dataset size or batch size, and for other names of Rngs or numbers. Throws DataError,
/// with the name of the tensor, if a parameter or an array of the optimizer holds NaN or infinity,
/// or if squares are negative. Throws DataError if `state.check` rejects its numbers. Throws
/// ShapeError, with the name of the array, if an array was moved from.
template <class T, class Model>
void load_checkpoint(const std::filesystem::path& path, Model&& model, Optimizer<T>& optimizer,
                     TrainingState& state, const Identity& identity) {
  detail::require_whole_arrays("load_checkpoint", model);
  detail::read_checkpoint<T>(path, detail::arrays_of<Array<T>>(model), optimizer, state, identity);
}

/// True if the file is a checkpoint with its checksum, of whatever run. False if it is damaged or
/// cannot be read.
bool is_intact_checkpoint(const std::filesystem::path& path);

/// Returns the identity of a checkpoint, to set up the run that resumes from it. Throws DataError
/// if the file is not a valid checkpoint.
Identity read_identity(const std::filesystem::path& path);

}  // namespace xtape::nn
