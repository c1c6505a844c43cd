#include <cstdio>
#include <filesystem>
#include <string>

#include "nn/datasets/synthetic_shapes.hpp"
#include "nn/io/files.hpp"
#include "tensor/error.hpp"

/// 07_cifar10_data FOLDER: writes synthetic shapes into six files in the format of CIFAR-10.

namespace nn = xtape::nn;

namespace {

/// Writes images in the order of the file format: a label, then all red, green and blue.
void write(const std::filesystem::path& path, const nn::Dataset& images) {
  std::string file;
  for (std::size_t i = 0; i < images.size(); ++i) {
    file += static_cast<char>(images.targets.sample<std::int64_t>(i)[0]);
    const auto pixels = images.features.sample<std::uint8_t>(i);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      for (std::size_t k = channel; k < pixels.size(); k += 3) {
        file += static_cast<char>(pixels[k]);
      }
    }
  }
  nn::write_file(path, file);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path folder = argc > 1 ? argv[1] : ".";
  const nn::Cifar10 shapes = nn::synthetic_shapes(1, 1500, 500);
  for (std::size_t i = 0; i < 5; ++i) {
    write(folder / ("data_batch_" + std::to_string(i + 1) + ".bin"),
          shapes.train.slice(300 * i, 300));
  }
  write(folder / "test_batch.bin", shapes.test);
} catch (const xtape::Error& error) {
  std::fprintf(stderr, "07_cifar10_data: %s\n", error.what());
  return 1;
}
