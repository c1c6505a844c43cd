#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

/// What flags accept. A refusal reads "--epochs: expected a whole number from 1 to 9, got x".

namespace cli {

/// Decimal digits, without leading zeros, which mean octal to CLI11 (so use it with transform()).
CLI::Validator whole(std::uint64_t min, std::uint64_t max, const std::string& wanted);
CLI::Validator whole(std::uint64_t min, std::uint64_t max);

/// Finite numbers from `min` to `max`.
CLI::Validator real(double min, double max, const std::string& wanted);

/// Finite numbers of at least 0.
CLI::Validator finite();

/// Numbers in [0, 1).
CLI::Validator share();

CLI::Validator one_of(const std::vector<std::string>& choices);

/// Anything but nothing.
CLI::Validator not_empty(const std::string& wanted);

/// Says that `option` takes the name of a file or of a folder. An empty one is refused, and one
/// with a zero byte, which the system would take for its end.
///@{
CLI::Option* takes_file(CLI::Option* option);
CLI::Option* takes_folder(CLI::Option* option);
///@}

}  // namespace cli
