#pragma once

#include <span>

#include "examples/cli/command_line.hpp"

namespace cli {

/// A program with commands, as in `mnist train`.
struct Program {
  const char* name;
  const char* purpose;                ///< The first line of its --help.
  std::span<const Command> commands;  ///< The first one runs when none is named.
  const char* help;                   ///< Lines for the end of its --help.
  const char* memory_advice;          ///< What may need less memory.
};

/// Runs the command that the arguments of main() name, or prints --help or --version. Returns the
/// exit status. If a command throws, it prints the message on one line of standard error and
/// returns 1.
int run(const Program& program, int argc, char** argv);

}  // namespace cli
