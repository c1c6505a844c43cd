#include "nn/datasets/mnist.hpp"

namespace xtape::nn {

std::filesystem::path find_dataset(const datasets::Options& options,
                                   const datasets::DownloadProgress& progress,
                                   const std::vector<std::string>& names) {
  const datasets::Location location = datasets::locate(options, progress, names);
  datasets::require_found(location);
  return location.folder;
}

Mnist mnist(const datasets::Options& options, const datasets::DownloadProgress& progress) {
  return read_mnist(find_dataset(options, progress, {"mnist", "fashion"}));
}

}  // namespace xtape::nn
