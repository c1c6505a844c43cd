#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "examples/cli/options.hpp"
#include "nn/data/dataset.hpp"

/// What a command does around the run of a training.

namespace cli {

/// True if both paths name the same place, which need not exist.
bool same_place(const std::filesystem::path& a, const std::filesystem::path& b);

/// Calls `check`. If it throws ValueError, puts the flag before the message.
void name_flag(const char* flag, const std::function<void()>& check);

/// Checks before a long training that the weights and the report can be written. Throws DataError
/// if not. Throws ValueError if they would replace a file that holds no weights or is not of a
/// report, or if the weights would lie in the folder of the report or the checkpoints and could
/// overwrite their files.
void require_writable(const ResultOptions& results, const CheckpointOptions& checkpoints);

/// Returns the file for the weights after a training: `path`, or a free name beside it if another
/// program has written something else to `path` during the training. Throws DataError if nothing
/// can be written there.
std::filesystem::path place_of_weights(const std::filesystem::path& path);

/// Throws ValueError if the run is to be resumed and its folder holds no checkpoint.
void require_checkpoint(const CheckpointOptions& checkpoints);

/// Returns a hash of a dataset: FNV-1a, 64 bits (Fowler, Noll and Vo). It protects against
/// mistakes, not against forgery. To hash several datasets, pass the hash of those before.
std::uint64_t fingerprint(const xtape::nn::Dataset& data, std::uint64_t hash = 0xcbf29ce484222325);

/// Flushes standard output. Throws Error if standard output is closed, unless weights or a report
/// are wanted: then the run continues, and reports the closed output at its end.
void show_output(const ResultOptions& results);

/// Prints where the weights and the report are.
void print_places(const ResultOptions& results);

/// Prints on standard error that a signal ended the run after `epochs` of `of` epochs, and how to
/// resume it.
void complain_interrupted(std::size_t epochs, std::size_t of, const CheckpointOptions& checkpoints);

}  // namespace cli
