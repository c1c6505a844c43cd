#include "examples/cifar10/commands.hpp"

#include "examples/cifar10/subject.hpp"
#include "examples/images/commands.hpp"
#include "examples/images/data.hpp"
#include "examples/images/train.hpp"

namespace cifar10 {
namespace {

int train(const cli::Arguments& arguments) {
  const auto options =
      cli::parse_options(train_command, arguments, images::RecipeOptions<Recipe>(subject()));
  return images::run_training(options, course_of(options.recipe));
}

int check_gradients(const cli::Arguments& arguments) {
  const auto options =
      cli::parse_options(check_gradients_command, arguments,
                         images::CheckOptions<Recipe>{images::DataOptions(subject())});
  return images::run_check(options.data, options.run, course_of(options.recipe));
}

int evaluate(const cli::Arguments& arguments) {
  return images::run_evaluate(subject(), evaluate_command, arguments);
}

int predict(const cli::Arguments& arguments) {
  return images::run_predict(subject(), predict_command, arguments);
}

int data(const cli::Arguments& arguments) {
  return images::run_data(subject(), data_command, arguments);
}

}  // namespace

const cli::Command train_command{"train", "Train a network (the default)",
                                 "Examples:\n"
                                 "  cifar10 train --widths 32,64,64 --epochs 3\n"
                                 "  cifar10 train --recipe best --seed 7 --checkpoints run\n",
                                 train};

const cli::Command evaluate_command{"evaluate", "Measure a trained network on the test images",
                                    "Examples:\n"
                                    "  cifar10 train --save colours.safetensors\n"
                                    "  cifar10 evaluate --weights colours.safetensors\n",
                                    evaluate};

const cli::Command predict_command{
    "predict", "Say what pictures show",
    "Of a PNG picture of any size, the square in its middle is scaled to 32 x 32 pixels.\n"
    "Exit status 1 when one could not be read. Examples:\n"
    "  cifar10 train --save colours.safetensors\n"
    "  cifar10 predict --weights colours.safetensors cat.png test_batch.bin:17\n",
    predict};

const cli::Command check_gradients_command{
    "check-gradients", "Compare the gradients with those derived by hand and by differences",
    "Exit status 1 when they disagree. Examples:\n"
    "  cifar10 check-gradients --recipe fast\n",
    check_gradients};

const cli::Command data_command{
    "data", "Fetch the data set, verify it, and say where it is",
    "Exit status 1 when a file is missing or has another content than the "
    "published one. Examples:\n"
    "  cifar10 data\n"
    "  cifar10 data --offline\n",
    data};

}  // namespace cifar10
