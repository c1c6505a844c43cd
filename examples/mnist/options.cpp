#include "examples/mnist/options.hpp"

#include <CLI/CLI.hpp>
#include <limits>

#include "examples/mnist/validators.hpp"

namespace mnist {

void add_flags(CLI::App& app, DataOptions& options) {
  app.add_option("--data", options.folder,
                 "Folder of the four MNIST files, raw or gzipped; default: $XTAPE_DATA_DIR, else\n"
                 "$XDG_CACHE_HOME/xtape/mnist or ~/.cache/xtape/mnist")
      ->type_name("FOLDER");
}

void add_flags(CLI::App& app, RunOptions& options) {
  app.add_option("--seed", options.seed, "Seed of the first weights and of the order of images")
      ->type_name("NUMBER")
      ->transform(whole(0, std::numeric_limits<std::uint64_t>::max()));
  app.add_option("--threads", options.threads, "Threads to compute with")
      ->type_name("NUMBER")
      ->default_str("all cores")
      ->transform(whole(1, 256));
  app.add_flag(
      "--deterministic", options.deterministic,
      "Print the same on any number of cores: one thread unless --threads says otherwise,\n"
      "and no times");
}

void add_flags(CLI::App& app, TrainingOptions& options) {
  CLI::Option* validation =
      app.add_option("--validation", options.validation,
                     "Training images, the last ones, that are kept out of training to measure by")
          ->type_name("NUMBER")
          ->transform(whole(0, 1000000000));
  app.add_option("--early-stop", options.early_stop,
                 "Stop after so many epochs without a better accuracy on the validation images,\n"
                 "and keep the best weights")
      ->type_name("NUMBER")
      ->needs(validation)
      ->transform(whole(1, 1000000));
}

void add_flags(CLI::App& app, OutputOptions& options) {
  app.add_flag("--json", options.json, "Print a JSON line for each epoch, and nothing else");
  app.add_flag("--quiet", options.quiet, "Print the result alone, and show no progress");
}

}  // namespace mnist
