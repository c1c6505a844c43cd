#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>

#include "nn/io/files.hpp"
#include "tensor/error.hpp"
#include "tensor/rng.hpp"

/// 07_cifar10_data FOLDER: writes six small files in the format of CIFAR-10, with images that are
/// easy to learn: each class has a colour of its own.

namespace {

/// Returns `count` images of each class: a label, then all red, green and blue.
std::string images(int count, xtape::Rng& rng) {
  std::string file;
  for (int i = 0; i < 10 * count; ++i) {
    const int label = i % 10;
    file += static_cast<char>(label);
    for (const int level : {label % 3, label / 3 % 3, label / 9}) {
      for (int pixel = 0; pixel < 1024; ++pixel) {
        file += static_cast<char>(100 * level + static_cast<int>(rng.below(50)));
      }
    }
  }
  return file;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path folder = argc > 1 ? argv[1] : ".";
  xtape::Rng rng{1};
  for (const char* part : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4",
                           "data_batch_5", "test_batch"}) {
    xtape::nn::write_file(folder / (std::string(part) + ".bin"), images(20, rng));
  }
} catch (const xtape::Error& error) {
  std::fprintf(stderr, "07_cifar10_data: %s\n", error.what());
  return 1;
}
