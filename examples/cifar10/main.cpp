#include "examples/cifar10/commands.hpp"
#include "examples/cli/program.hpp"

namespace {

const cli::Command* const commands[] = {&cifar10::train_command, &cifar10::evaluate_command,
                                        &cifar10::predict_command,
                                        &cifar10::check_gradients_command, &cifar10::data_command};

constexpr const char* help =
    R"(Without a command it trains. cifar10 COMMAND --help lists the flags of a command.

  cifar10                            train with the default recipe
  cifar10 --epochs 3 --widths 32,64  change an ingredient of the recipe
  cifar10 --recipe fast --save W     keep the weights in the file W
  cifar10 predict --weights W A.png  say what A.png shows
  cifar10 check-gradients            compare the gradients with those derived by hand
  cifar10 data                       download CIFAR-10
)";

}  // namespace

int main(int argc, char** argv) {
  return cli::run(
      {.name = "cifar10",
       .purpose = "cifar10 teaches a convolutional network to name what small pictures show.",
       .commands = commands,
       .help = help,
       .memory_advice = "try smaller --widths or --batch-size"},
      argc, argv);
}
