#pragma once

#include <span>

#include "nn/onnx/exporter.hpp"

/// @file
/// What becomes of each op.

namespace xtape::nn::onnx {

/// The counterpart of an op.
struct Counterpart {
  const char* op;    ///< The name of the op on the tape.
  const char* type;  ///< The operator of ONNX that computes it, or null if several do.

  /// Adds the calls. It gets `type`.
  void (*translate)(Exporter& exporter, const Step& step, const char* type);
};

/// Returns the ops that have counterparts, by families. Other ops have none.
///@{
std::span<const Counterpart> elementwise();
std::span<const Counterpart> images();
std::span<const Counterpart> norms();
std::span<const Counterpart> shaping();
///@}

/// Adds the calls for a step. Throws ValueError, with the op and its place, if there are none.
void translate(Exporter& exporter, const Step& step);

}  // namespace xtape::nn::onnx
