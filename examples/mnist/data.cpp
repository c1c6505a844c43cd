#include "examples/mnist/data.hpp"

#include <algorithm>
#include <cstdio>
#include <xtape.hpp>

#include "examples/cli/output.hpp"
#include "examples/mnist/download_progress.hpp"

namespace mnist {

namespace datasets = xtape::nn::datasets;

DataSource prepare(const cli::DataOptions& options, const cli::RunOptions& run, bool verbose) {
  if (run.threads > 0 || run.deterministic) {
    xtape::set_thread_count(std::max<std::size_t>(run.threads, 1));
  }
  DataSource source =
      find_data(options, verbose ? download_progress() : datasets::DownloadProgress());
  std::fputs(source.notice.c_str(), stderr);
  if (!verbose) {
    return source;
  }
  const xtape::nn::Mnist& data = source.data;
  cli::print_output("xtape {}, {}, {} thread{}\n", xtape::version(), xtape::gemm_backend(),
                    xtape::thread_count(), xtape::thread_count() == 1 ? "" : "s");
  cli::print_output("{} training and {} test images of {} x {} pixels {}\n\n", data.train.size(),
                    data.test.size(), data.train.features.shape()[0],
                    data.train.features.shape()[1], source.origin);
  return source;
}

}  // namespace mnist
