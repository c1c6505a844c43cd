#include "nn/data/npy.hpp"

#include <string>

#include "tests/fuzz/fuzz.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using fuzz::expect;

namespace {

/// The samples as a file of NumPy's.
std::string written(const nn::Samples& samples) {
  std::string shape = fmt::format("({},", samples.size());
  for (const std::size_t extent : samples.shape()) {
    shape += fmt::format("{},", extent);
  }
  const char* type = samples.is<std::uint8_t>()   ? "|u1"
                     : samples.is<std::int64_t>() ? "<i8"
                     : samples.is<float>()        ? "<f4"
                                                  : "<f8";
  const std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {})}}", type, shape);
  std::string file = std::string("\x93NUMPY\1\0", 8);
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  samples.visit([&](auto elements) { file += fuzz::bits(elements); });
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::input_file(data, size);
  nn::Samples samples;
  if (!fuzz::accepts(path, [&] { samples = nn::read_npy(path); })) {
    return 0;
  }
  expect(samples.sample_size() > 0, "samples hold elements");
  const std::string file = written(samples);
  expect(written(nn::read_npy(fuzz::folder().write("again", file))) == file,
         "samples that are written read the same");
  return 0;
}
