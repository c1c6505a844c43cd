#include <fmt/core.h>

#include <cstdio>
#include <exception>
#include <new>
#include <xtape.hpp>

#include "examples/mnist/data.hpp"
#include "examples/mnist/gradient_check.hpp"
#include "examples/mnist/network.hpp"
#include "examples/mnist/options.hpp"
#include "examples/mnist/output.hpp"
#include "examples/mnist/train.hpp"

namespace {

int run(const mnist::Options& options) {
  if (options.threads > 0) {
    xtape::set_thread_count(options.threads);
  }
  const std::filesystem::path folder = mnist::find_data(options.data);
  const xtape::nn::Mnist data = xtape::nn::read_mnist(folder);
  fmt::print("xtape {}, {}, {} thread{}\n", xtape::version(), xtape::gemm_backend(),
             xtape::thread_count(), xtape::thread_count() == 1 ? "" : "s");
  fmt::print("{} training and {} test images of {} x {} pixels from {}\n\n", data.train.size(),
             data.test.size(), data.train.rows, data.train.columns, folder.string());

  xtape::Rng rng{options.seed};
  auto network = mnist::make_network<float>(options.recipe, data.train.features(), rng);
  fmt::print("{}\n", network.table(xtape::Shape{data.train.features()}));
  mnist::flush_output();  // the proof takes a moment

  const bool agree = mnist::check_gradients(options, data.train);
  mnist::flush_output();
  if (!agree) {
    fmt::print(stderr, "mnist: the gradients disagree; see the table above\n");
    return 1;
  }
  if (!options.check_gradients_only) {
    mnist::train(network, options.recipe, data, rng);
  }
  return 0;
}

/// Says on one line why the program ends. fmt::print throws an exception of its own where standard
/// output refuses what it prints.
int fail(const char* reason) {
  const bool output_failed = std::ferror(stdout) != 0;
  fmt::print(stderr, "mnist: {}\n", output_failed ? "cannot write to standard output" : reason);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(mnist::parse_options(argc, argv));
  } catch (const std::bad_alloc&) {
    return fail("not enough memory: try smaller --hidden or --batch-size");
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
