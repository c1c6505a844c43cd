#include "examples/cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>

#include "examples/cli/validators.hpp"
#include "tensor/error.hpp"
#include "tensor/matmul_precision.hpp"
#include "tensor/parallel.hpp"

namespace cli {

void set_threads(const RunOptions& options) {
  if (options.threads > 0 || options.deterministic) {
    xtape::set_thread_count(std::max<std::size_t>(options.threads, 1));
  }
}

void set_precision(const RunOptions& options) {
  const bool half = options.precision == "bfloat16";
  xtape::require<xtape::ValueError>(!half || xtape::has_bfloat16_products(),
                                    "--precision bfloat16: wants a processor with AVX512-BF16 or "
                                    "AMX-BF16, and xtape with oneDNN");
  xtape::set_matmul_precision(half ? xtape::Precision::bfloat16 : xtape::Precision::float32);
}

void add_flags(CLI::App& app, RunOptions& options) {
  app.option_defaults()->group("Run");
  app.add_option("--seed", options.seed, "Seed of the first weights and of the order of images")
      ->type_name("NUMBER")
      ->transform(whole(0, std::numeric_limits<std::uint64_t>::max()));
  app.add_option("--threads", options.threads, "Threads to compute with")
      ->type_name("NUMBER")
      ->default_str("all cores")
      ->transform(whole(1, 256));
  app.add_option("--precision", options.precision,
                 "Factors of matrix products: float32 or bfloat16, which is faster and less exact")
      ->type_name("NAME")
      ->transform(one_of({"float32", "bfloat16"}));
  app.add_flag(
      "--deterministic", options.deterministic,
      "Print the same on any number of cores: one thread unless --threads says otherwise,\n"
      "and no times");
}

void add_flags(CLI::App& app, TrainingOptions& options) {
  app.option_defaults()->group("Training");
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
  CLI::Option* apart =
      app.add_option("--local-steps", options.local_steps,
                     "Under mpirun: steps that each process makes alone before the weights are\n"
                     "averaged, for slow networks")
          ->type_name("NUMBER")
          ->transform(whole(1, 1000000000));
  app.add_option("--outer-rate", options.outer_rate,
                 "How far the weights go from the last average to the next one")
      ->type_name("NUMBER")
      ->needs(apart)
      ->check(real(0.001, 10, "a number from 0.001 to 10"));
  app.add_option("--outer-momentum", options.outer_momentum,
                 "Nesterov momentum of the averages (DiLoCo: 0.9, and --outer-rate 0.7)")
      ->type_name("NUMBER")
      ->needs(apart)
      ->check(share());
}

void add_flags(CLI::App& app, CheckpointOptions& options) {
  app.option_defaults()->group("Checkpoints");
  CLI::Option* folder = takes_folder(
      app.add_option("--checkpoints", options.folder,
                     "Save the run here at the end of each epoch and when it is interrupted"));
  app.add_option("--save-every", options.save_every, "Save it every so many steps, too")
      ->type_name("NUMBER")
      ->needs(folder)
      ->transform(whole(1, 1000000000));
  app.add_option("--keep", options.keep, "How many checkpoints are kept")
      ->type_name("NUMBER")
      ->needs(folder)
      ->transform(whole(1, 1000000));
  app.add_flag("--resume", options.resume,
               "Go on from the newest checkpoint, with all other flags as they were")
      ->needs(folder);
}

void add_flags(CLI::App& app, OutputOptions& options) {
  app.option_defaults()->group("Output");
  app.add_flag("--json", options.json, "Print a JSON line for each epoch, and nothing else");
  app.add_flag("--quiet", options.quiet, "Print the result alone, and show no progress");
}

void add_flags(CLI::App& app, ResultOptions& options) {
  takes_file(app.add_option("--save", options.weights, "File for the weights, which predict takes"))
      ->default_str("");
  takes_folder(
      app.add_option("--report", options.report,
                     "Folder for a report: index.html with curves, pictures and histograms of the "
                     "run,\nand metrics.csv"))
      ->default_str("");
}

}  // namespace cli
