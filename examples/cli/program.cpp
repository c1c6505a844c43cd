#include "examples/cli/program.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "examples/cli/output.hpp"
#include "examples/cli/process.hpp"
#include "tensor/version.hpp"

namespace cli {
namespace {

int print_help(const Program& program) {
  print_output("{}\n\nUsage: {} [COMMAND] [FLAGS]\n\n", program.purpose, program.name);
  for (const Command& command : program.commands) {
    print_output("  {:16}  {}\n", command.name, command.purpose);
  }
  print_output("\n{}", program.help);
  flush_output();
  return 0;
}

int print_version(const Program& program) {
  print_output("{} (xtape {})\n", program.name, xtape::version());
  flush_output();
  return 0;
}

int run_command(const Program& program, Arguments arguments) {
  const std::string first = arguments.empty() ? "" : arguments.front();
  if (first == "--help" || first == "-h" || first == "help") return print_help(program);
  if (first == "--version") return print_version(program);
  for (const Command& command : program.commands) {
    if (first == command.name) {
      arguments.erase(arguments.begin());
      return command.run(command, arguments);
    }
  }
  const Command& command = program.commands.front();
  return command.run(command, arguments);
}

}  // namespace

int run(const Program& program, int argc, char** argv) {
  prepare_process();
  program_name() = program.name;
  try {
    return run_command(program, {argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::bad_alloc&) {
    for (const char* part : {program.name, ": out of memory: ", program.memory_advice, "\n"}) {
      std::fputs(part, stderr);
    }
    std::_Exit(1);  // OpenBLAS may have a thread that waits for memory, which exit() waits for
  } catch (const std::exception& error) {
    complain(error.what());
    return 1;
  }
}

}  // namespace cli
