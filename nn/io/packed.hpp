#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "nn/data/batches.hpp"
#include "nn/optim/learning_rate.hpp"
#include "tensor/error.hpp"

// Conversions of parts of a run to the numbers in a checkpoint, and back.

namespace xtape::nn::detail {

/// The numbers of a Plateau.
using Reports = std::array<double, 3>;
inline constexpr const char* plateau_key = "optimizer.plateau";

inline Reports pack(const Plateau& from) {
  return {from.scale, from.best, static_cast<double>(from.waits)};
}

inline Plateau unpack(const Reports& from) {
  return {from[0], from[1], static_cast<std::size_t>(from[2])};
}

/// The numbers of a Batches::Position.
using Position = std::array<std::uint64_t, 14>;
inline constexpr const char* position_key = "batches";

inline Position pack(const Batches::Position& from) {
  Position to{from.items, from.batch_size, from.within_epoch, from.given};
  std::copy(from.epoch_start.begin(), from.epoch_start.end(), to.begin() + 4);
  std::copy(from.rng.begin(), from.rng.end(), to.begin() + 8);
  to[12] = from.epochs;
  to[13] = from.options;
  return to;
}

inline Batches::Position unpack(const Position& from) {
  Batches::Position to{from[0], from[1], from[2] != 0, from[3]};
  std::copy_n(from.begin() + 4, 4, to.epoch_start.begin());
  std::copy_n(from.begin() + 8, 4, to.rng.begin());
  to.epochs = from[12];
  to.options = from[13];
  return to;
}

/// Throws ValueError unless the numbers are a possible state of an optimizer.
inline void require_packed(const Reports& reports) {
  const auto [scale, best, waits] = reports;
  require<ValueError>(
      scale > 0 && scale <= 1 && waits >= 0 && waits < 0x1p53 && waits == std::floor(waits),
      "its optimizer's learning rate is scaled by {} after {} reports without a "
      "better score",
      scale, waits);
}

/// Throws ValueError if the words are not a possible result of pack().
inline void require_packed(const Position& words) {
  require<ValueError>(
      words[2] <= 1, "'batches' says {} where 1 means within an epoch and 0 between two", words[2]);
  require<ValueError>(words[2] == 1 || words[3] == 0,
                      "'batches' is between two epochs, but {} batches of the next have been given",
                      words[3]);
}

}  // namespace xtape::nn::detail
