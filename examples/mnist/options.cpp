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
}

}  // namespace mnist
