#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace cli {

/// Gives the flags of `app` that the command line left alone the values of a TOML file, whose keys
/// are flags without their dashes:
///
///     recipe = "fast"
///     hidden = [512, 256]
///     deterministic = true
///     no-standardize = true
///
/// Each means what the command line means by it. Throws Error, one line that names the file, the
/// line and the key, when the file cannot be read, is longer than 16 KiB or is no TOML, when a key
/// is no flag or sets one that another key sets, and when a value is of another type or not what
/// the flag accepts.
void read_config(CLI::App& app, const std::string& file);

}  // namespace cli
