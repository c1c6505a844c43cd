#pragma once

#include <span>
#include <vector>

#include "tests/ops/table.hpp"

/// Checks of one row, each of them assertions of Catch2's.

namespace xtape {

/// The operands of a sample, each in its domain, in numbers that a float can hold.
std::vector<Array<double>> operands_of(const Row& row, const Sample& sample);

/// Gradients in double against finite differences, and float against double: of the op, of the op
/// twice on the same operands, and with one array for operands of one shape.
void check_gradients(const Row& row);

/// Cotangents for backward(), several on one recording: they give what the gradient of the sum of
/// products gives.
void check_cotangents(const Row& row);

/// Operands of one hostile number throughout, and of all of them: what comes out has the shapes
/// that it has otherwise. That nothing is read or written where it should not be is for the
/// sanitizers to see.
void check_hostile_numbers(const Row& row);

/// The numbers that PyTorch is asked about, in float against double: the same where both have
/// results, infinite where the result is beyond the numbers of a float.
void check_numbers_in_float(const Row& row);

/// Each allocation made to fail in turn: the tape works afterwards, and computes the same. An op
/// that fails records nothing.
void check_failing_allocations(const Row& row);

/// Values and slopes against the formula, in both precisions, at every length of a vector register
/// and its tail. Rows without a formula pass.
void check_formula(const Row& row);

}  // namespace xtape
