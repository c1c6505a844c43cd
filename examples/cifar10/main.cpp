#include "examples/cifar10/subject.hpp"
#include "examples/cli/program.hpp"
#include "examples/images/commands.hpp"
#include "examples/images/data.hpp"
#include "examples/images/train.hpp"

namespace {

using cifar10::course_of;
using cifar10::subject;

const cli::Command commands[] = {
    {"train", "Train a network (the default)",
     "Examples:\n"
     "  cifar10 train --widths 32,64,64 --epochs 3\n"
     "  cifar10 train --recipe best --seed 7 --checkpoints run\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_train(subject(), course_of, command, arguments);
     }},
    {"evaluate", "Measure a trained network on the test images",
     "Examples:\n"
     "  cifar10 train --save colours.safetensors\n"
     "  cifar10 evaluate --weights colours.safetensors\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_evaluate(subject(), command, arguments);
     }},
    {"predict", "Say what pictures show",
     "Of a PNG picture of any size, the square in its middle is scaled to 32 x 32 pixels.\n"
     "Exit status 1 when one could not be read. Examples:\n"
     "  cifar10 train --save colours.safetensors\n"
     "  cifar10 predict --weights colours.safetensors cat.png test_batch.bin:17\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_predict(subject(), command, arguments);
     }},
    {"export", "Write a trained network to an ONNX file, for other programs",
     "It takes the bytes of pixels, divided by 255. Examples:\n"
     "  cifar10 train --save colours.safetensors\n"
     "  cifar10 export --weights colours.safetensors --onnx colours.onnx\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_export(subject(), command, arguments);
     }},
    {"check-gradients", "Compare the gradients with those derived by hand and by differences",
     "Exit status 1 when they disagree. Examples:\n"
     "  cifar10 check-gradients --recipe fast\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_check_gradients(subject(), course_of, command, arguments);
     }},
    {"data", "Fetch the data set, verify it, and say where it is",
     "Exit status 1 when a file is missing or has another content than the "
     "published one. Examples:\n"
     "  cifar10 data\n"
     "  cifar10 data --offline\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_data(subject(), command, arguments);
     }},
};

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
