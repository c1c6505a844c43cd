#include "nn/datasets/cifar10.hpp"

namespace xtape::nn {

Cifar10 cifar10(const datasets::Options& options, const datasets::DownloadProgress& progress) {
  return read_cifar10(find_dataset(options, progress, {"cifar10"}));
}

}  // namespace xtape::nn
