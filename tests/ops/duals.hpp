#pragma once

#include "tests/ops/table.hpp"

/// Checks of one row on tapes of Dual numbers, each of them assertions of Catch2's.

namespace xtape {

/// Values and gradients are those of a plain tape, in both precisions, at the samples of the row
/// and at the numbers that PyTorch is asked about.
void check_values_of_duals(const Row& row);

/// Forward against reverse: w.(J v) = (w^T J).v to rounding.
void check_tangents(const Row& row);

/// Operands at rest: tangents that are not there, that are 0 and that are subnormal give the same
/// values, bit for bit, and the same tangents but for the subnormal ones.
void check_operands_at_rest(const Row& row);

/// Second derivatives: u.(H v) = v.(H u) to rounding, and H v against differences of gradients.
void check_second_derivatives(const Row& row);

}  // namespace xtape
