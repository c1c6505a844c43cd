#include "examples/cli/program.hpp"
#include "examples/images/commands.hpp"
#include "examples/images/data.hpp"
#include "examples/images/train.hpp"
#include "examples/mnist/subject.hpp"

namespace {

using mnist::course_of;
using mnist::subject;

const cli::Command commands[] = {
    {"train", "Train a network (the default)",
     "Examples:\n"
     "  mnist train --hidden 512,256 --activation relu --learning-rate 0.1\n"
     "  mnist train --recipe post --seed 7\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_train(subject(), course_of, command, arguments);
     }},
    {"evaluate", "Measure a trained network on the test images",
     "Examples:\n"
     "  mnist train --save digits.safetensors\n"
     "  mnist evaluate --weights digits.safetensors\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_evaluate(subject(), command, arguments);
     }},
    {"predict", "Say which digits pictures show",
     "Dark digits on light paper and light ones on dark are scaled and centred as MNIST's are.\n"
     "Exit status 1 when one could not be read. Examples:\n"
     "  mnist train --save digits.safetensors\n"
     "  mnist predict --weights digits.safetensors five.png t10k-images-idx3-ubyte.gz:17\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_predict(subject(), command, arguments);
     }},
    {"export", "Write a trained network to an ONNX file, for other programs",
     "It takes the bytes of pixels, divided by 255. Examples:\n"
     "  mnist train --save digits.safetensors\n"
     "  mnist export --weights digits.safetensors --onnx digits.onnx\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_export(subject(), command, arguments);
     }},
    {"check-gradients", "Compare the gradients with those derived by hand and by differences",
     "Exit status 1 when they disagree. Examples:\n"
     "  mnist check-gradients --hidden 100,100 --activation gelu\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_check_gradients(subject(), course_of, command, arguments);
     }},
    {"data", "Fetch a data set, verify it, and say where it is",
     "Exit status 1 when a file is missing or has another content than the "
     "published one. Examples:\n"
     "  mnist data\n"
     "  mnist data --dataset fashion --offline\n",
     [](const cli::Command& command, const cli::Arguments& arguments) {
       return images::run_data(subject(), command, arguments);
     }},
};

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
