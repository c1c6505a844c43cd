#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tensor/array.hpp"

/// What PyTorch computes: answers.json is written by answer.py, traces.json by traces.py, and
/// batch_norm.json by batch_norm.py, resnet.json by resnet.py, recurrent.json by recurrent.py,
/// attention.json by attention.py, derivatives.json by derivatives.py.

namespace xtape::oracle {

/// Returns a file of tests/oracle/, which is read once.
const nlohmann::json& read(const std::string& file);

/// An array from its shape and its numbers in row-major order, of which "inf", "-inf" and "nan" are
/// strings.
Array<double> array_from(const nlohmann::json& numbers, const Shape& shape);

/// An array from {"shape": ..., "data": ...}.
Array<double> array_from(const nlohmann::json& object);

/// What is wrong with `computed`, empty when each element agrees with `expected` to a part of
/// `tolerance`: of itself, or, when not `each`, of the greatest finite one.
///
/// The vectorised functions give 0 for what is smaller than the smallest normal number, so that
/// nothing below that counts.
std::string difference(const Array<double>& computed, const Array<double>& expected,
                       double tolerance, bool each);

}  // namespace xtape::oracle
