#pragma once

#include <cstdint>

#include "examples/cli/options.hpp"
#include "nn/data/dataset.hpp"

/// What a command does around the run of a training.

namespace cli {

/// Throws what writing the weights and the report would, if it can be told beforehand: not after
/// hours of training.
void require_writable(const ResultOptions& results);

/// Throws ValueError if a run is to be resumed of which nothing is kept.
void require_checkpoint(const CheckpointOptions& checkpoints);

/// Returns a number that tells datasets apart, and no more: FNV-1a, 64 bits (Fowler, Noll and Vo).
/// `hash` is the number of the dataset before.
std::uint64_t fingerprint(const xtape::nn::Dataset& data, std::uint64_t hash = 0xcbf29ce484222325);

/// Hands to the system what has been printed. A run whose weights or report are wanted goes on when
/// nobody takes that, and says so in the end; one that only prints ends with an Error.
void show_output(const ResultOptions& results);

/// Prints where the weights and the report are.
void print_places(const ResultOptions& results);

/// Says that a signal ended the run after so many epochs, and how it can go on.
void complain_interrupted(std::size_t epochs, std::size_t of, const CheckpointOptions& checkpoints);

}  // namespace cli
