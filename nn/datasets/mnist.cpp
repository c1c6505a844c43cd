#include "nn/datasets/mnist.hpp"

namespace xtape::nn {

Mnist mnist(const datasets::Options& options, const datasets::DownloadProgress& progress) {
  return read_mnist(find_dataset(options, progress, {"mnist", "fashion"}));
}

}  // namespace xtape::nn
