#include "nn/data/cifar.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using fuzz::Bytes;
using fuzz::expect;

namespace {

/// The images as a file of CIFAR-10's.
Bytes written(const nn::Dataset& data) {
  Bytes file;
  for (std::size_t i = 0; i < data.size(); ++i) {
    file.push_back(static_cast<std::uint8_t>(data.targets.sample<std::int64_t>(i)[0]));
    const auto image = data.features.sample<std::uint8_t>(i);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      for (std::size_t pixel = channel; pixel < image.size(); pixel += 3) {
        file.push_back(image[pixel]);
      }
    }
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::input_file(data, size);
  nn::Dataset images;
  if (fuzz::accepts(path, [&] { images = nn::read_cifar10_file(path); })) {
    expect(written(images) == Bytes(data, data + size), "every byte of a file is in its images");
  }
  return 0;
}
