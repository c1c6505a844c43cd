#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "examples/cli/output.hpp"

namespace cli {

/// What follows the name of a command.
using Arguments = std::vector<std::string>;

/// A command as the program's --help lists it.
struct Command {
  std::string name;
  std::string purpose;   ///< One line.
  std::string examples;  ///< Lines for the end of its --help.

  /// Runs the command, which it gets itself, too. Returns the exit status.
  int (*run)(const Command& command, const Arguments& arguments);
};

/// Parses `arguments` into what the flags of `app` are bound to. Prints what is asked for, or one
/// line that names the flag at fault, and ends the program when there is nothing to do: exit status
/// 0 after --help and --version, 2 for an error. Throws Error when what is asked for cannot be
/// printed.
void parse(CLI::App& app, const Arguments& arguments);

/// Parses `arguments` into the options of a command, for which there is an add_flags(). Flags that
/// are not given leave `initial` as it is. A recipe among the options starts as the one that
/// --recipe names, by a function find_recipe() beside its type.
template <class Options>
Options parse_options(const Command& command, const Arguments& arguments,
                      const Options& initial = {}) {
  const auto parse_into = [&](Options& options) {
    CLI::App app{command.purpose, program_name() + ' ' + command.name};
    app.option_defaults()->always_capture_default()->take_last();
    app.footer(command.examples);
    add_flags(app, options);
    parse(app, arguments);
  };
  Options options = initial;
  parse_into(options);
  if constexpr (requires { options.recipe; }) {
    Options again = initial;
    again.recipe = find_recipe(options.recipe);
    parse_into(again);
    return again;
  }
  return options;
}

}  // namespace cli
