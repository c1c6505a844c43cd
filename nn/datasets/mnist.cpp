#include "nn/datasets/mnist.hpp"

namespace xtape::nn {

std::filesystem::path find_dataset(const datasets::Options& options,
                                   const datasets::DownloadProgress& progress) {
  const datasets::Location location = datasets::locate(options, progress);
  datasets::require_found(location);
  return location.folder;
}

Mnist mnist(const datasets::Options& options, const datasets::DownloadProgress& progress) {
  return read_mnist(find_dataset(options, progress));
}

}  // namespace xtape::nn
