#include "examples/mnist/commands.hpp"

#include "examples/images/commands.hpp"
#include "examples/images/data.hpp"
#include "examples/images/train.hpp"
#include "examples/mnist/subject.hpp"

namespace mnist {
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

const cli::Command train_command{
    "train", "Train a network (the default)",
    "Examples:\n"
    "  mnist train --hidden 512,256 --activation relu --learning-rate 0.1\n"
    "  mnist train --recipe post --seed 7\n",
    train};

const cli::Command evaluate_command{"evaluate", "Measure a trained network on the test images",
                                    "Examples:\n"
                                    "  mnist train --save digits.safetensors\n"
                                    "  mnist evaluate --weights digits.safetensors\n",
                                    evaluate};

const cli::Command predict_command{
    "predict", "Say which digits pictures show",
    "Dark digits on light paper and light ones on dark are scaled and centred as MNIST's are.\n"
    "Exit status 1 when one could not be read. Examples:\n"
    "  mnist train --save digits.safetensors\n"
    "  mnist predict --weights digits.safetensors five.png t10k-images-idx3-ubyte.gz:17\n",
    predict};

const cli::Command check_gradients_command{
    "check-gradients", "Compare the gradients with those derived by hand and by differences",
    "Exit status 1 when they disagree. Examples:\n"
    "  mnist check-gradients --hidden 100,100 --activation gelu\n",
    check_gradients};

const cli::Command data_command{
    "data", "Fetch a data set, verify it, and say where it is",
    "Exit status 1 when a file is missing or has another content than the "
    "published one. Examples:\n"
    "  mnist data\n"
    "  mnist data --dataset fashion --offline\n",
    data};

}  // namespace mnist
