#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mnist {

/// Gives the flags of `app` that the command line left alone the values of a TOML file, whose keys
/// are flags without their dashes:
///
///     recipe = "fast"
///     hidden = [512, 256]
///     deterministic = true
///
/// Throws Error, one line that names the file and the key, when the file cannot be read, a key is
/// no flag, or a value is not what the flag accepts.
void read_config(CLI::App& app, const std::string& file);

}  // namespace mnist
