#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

/// What flags accept. A refusal reads "--epochs: expected a whole number from 1 to 9, got x".

namespace mnist {

/// Decimal digits, without leading zeros, which mean octal to CLI11 (so use it with transform()).
CLI::Validator whole(std::uint64_t min, std::uint64_t max, const std::string& wanted);
CLI::Validator whole(std::uint64_t min, std::uint64_t max);

/// Numbers from 0 to below `limit`.
CLI::Validator real_below(double limit, const std::string& wanted);

/// Finite numbers of at least 0.
inline CLI::Validator finite() {
  return real_below(std::numeric_limits<double>::infinity(), "a finite number of at least 0");
}

CLI::Validator one_of(const std::vector<std::string>& choices);

}  // namespace mnist
