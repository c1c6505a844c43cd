#include "examples/cli/output.hpp"
#include "examples/mnist/commands.hpp"
#include "examples/mnist/data.hpp"
#include "examples/mnist/gradient_check.hpp"

namespace mnist {
namespace {

struct CheckOptions {
  cli::DataOptions data;
  Recipe recipe;
  cli::RunOptions run;
};

void add_flags(CLI::App& app, CheckOptions& options) {
  add_flags(app, options.data);
  add_flags(app, options.recipe);
  add_flags(app, options.run);
}

int check(const cli::Arguments& arguments) {
  const auto options = cli::parse_options<CheckOptions>(check_gradients_command, arguments);
  const xtape::nn::Mnist data = prepare(options.data, options.run).data;
  const GradientCheck gradients = check_gradients(options.recipe, options.run.seed, data.train);
  cli::flush_output();
  return gradients ? 0 : 1;
}

}  // namespace

const cli::Command check_gradients_command{
    "check-gradients", "Compare the gradients with those derived by hand and by differences",
    "Exit status 1 when they disagree. Examples:\n"
    "  mnist check-gradients --hidden 100,100 --activation gelu\n",
    check};

}  // namespace mnist
