#include "examples/mnist/data/data_source.hpp"

#include <fmt/ranges.h>  // fmt::join

#include "examples/mnist/data/synthetic.hpp"
#include "tensor/error.hpp"

namespace mnist {

namespace datasets = xtape::nn::datasets;

namespace {

/// Always the same digits, so that what is learnt from them can be compared.
constexpr std::uint64_t synthetic_seed = 1;

DataSource synthetic(const std::string& notice) {
  return {"synthetic",
          "synthetic digits",
          "drawn by the program",
          notice,
          synthetic_digits(synthetic_seed),
          datasets::known_dataset("mnist").class_names};
}

}  // namespace

DataSource find_data(const datasets::Options& options, const datasets::DownloadProgress& progress) {
  if (options.dataset == "synthetic") {
    xtape::require<xtape::ValueError>(options.folder.empty(),
                                      "--data {}: synthetic digits need no folder", options.folder);
    return synthetic("");
  }
  const datasets::Location location = datasets::locate(options, progress);
  if (!location.folder.empty()) {
    std::string notice;
    for (const std::string& problem : location.corrected) {
      notice += fmt::format("mnist: {}; it has been downloaded anew\n", problem);
    }
    return {location.dataset->name,
            location.dataset->title,
            fmt::format("from {}", location.folder.string()),
            notice,
            xtape::nn::read_mnist(location.folder),
            location.dataset->class_names};
  }
  if (options.dataset) {
    datasets::require_found(location);
  }
  return synthetic(fmt::format(
      "mnist: MNIST is not to be had: these are synthetic digits, drawn by the program. Tried:\n"
      "  {}\nTo use MNIST, name the folder of its four files with --data.\n",
      fmt::join(location.tried, "\n  ")));
}

}  // namespace mnist
