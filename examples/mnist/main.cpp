#include "examples/cli/program.hpp"
#include "examples/mnist/commands.hpp"

namespace {

const cli::Command* const commands[] = {&mnist::train_command, &mnist::evaluate_command,
                                        &mnist::predict_command, &mnist::check_gradients_command,
                                        &mnist::data_command};

constexpr const char* help =
    R"(Without a command it trains. mnist COMMAND --help lists the flags of a command.

  mnist                            train with the default recipe
  mnist --epochs 3 --hidden 256    change an ingredient of the recipe
  mnist --recipe post              train as the tutorial does
  mnist --recipe fast --save W     keep the weights in the file W
  mnist --recipe cnn               train a convolutional network
  mnist predict --weights W A.png  say which digit A.png shows
  mnist check-gradients            compare the gradients with those derived by hand
  mnist data --dataset fashion     download Fashion-MNIST
)";

}  // namespace

int main(int argc, char** argv) {
  return cli::run({.name = "mnist",
                   .purpose = "mnist teaches a small neural network to read handwritten digits.",
                   .commands = commands,
                   .help = help,
                   .memory_advice = "try smaller --hidden or --batch-size"},
                  argc, argv);
}
