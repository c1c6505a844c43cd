#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "examples/cli/output.hpp"
#include "examples/cli/process.hpp"
#include "examples/mnist/commands.hpp"
#include "tensor/version.hpp"

namespace mnist {
namespace {

/// The first one runs when none is named.
const cli::Command* const commands[] = {&train_command, &evaluate_command, &predict_command,
                                        &check_gradients_command, &data_command};

int print_help() {
  cli::print_output(
      "mnist teaches a small neural network to read handwritten digits.\n\n"
      "Usage: mnist [COMMAND] [FLAGS]\n\n");
  for (const cli::Command* command : commands) {
    cli::print_output("  {:16}  {}\n", command->name, command->purpose);
  }
  cli::print_output(
      "\nWithout a command it trains. mnist COMMAND --help lists the flags of a command.\n\n"
      "  mnist                            train with the default recipe\n"
      "  mnist --epochs 3 --hidden 256    change an ingredient of the recipe\n"
      "  mnist --recipe post              train as the tutorial does\n"
      "  mnist --recipe fast --save W     keep the weights in the file W\n"
      "  mnist predict --weights W A.png  say which digit A.png shows\n"
      "  mnist check-gradients            compare the gradients with those derived by hand\n"
      "  mnist data --dataset fashion     download Fashion-MNIST\n");
  cli::flush_output();
  return 0;
}

int print_version() {
  cli::print_output("mnist (xtape {})\n", xtape::version());
  cli::flush_output();
  return 0;
}

int run(cli::Arguments arguments) {
  const std::string first = arguments.empty() ? "" : arguments.front();
  if (first == "--help" || first == "-h" || first == "help") return print_help();
  if (first == "--version") return print_version();
  for (const cli::Command* command : commands) {
    if (first == command->name) {
      arguments.erase(arguments.begin());
      return command->run(arguments);
    }
  }
  return commands[0]->run(arguments);
}

}  // namespace
}  // namespace mnist

int main(int argc, char** argv) {
  cli::prepare_process();
  cli::program_name() = "mnist";
  try {
    return mnist::run({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::bad_alloc&) {
    std::fputs("mnist: out of memory: try smaller --hidden or --batch-size\n", stderr);
    std::_Exit(1);  // OpenBLAS may have a thread that waits for memory, which exit() waits for
  } catch (const std::exception& error) {
    cli::complain(error.what());
    return 1;
  }
}
