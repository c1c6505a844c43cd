#include "tests/support/npy.hpp"

#include <bit>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "tensor/error.hpp"

namespace {

using xtape::DataError;
using xtape::require;

static_assert(std::endian::native == std::endian::little);

/// `(3, 4)`, `(3,)` or `()` of a Python dict literal.
xtape::Shape parse_shape(const std::string& text) {
  std::vector<std::size_t> extents;
  const std::regex number("[0-9]+");
  for (auto i = std::sregex_iterator(text.begin(), text.end(), number); i != std::sregex_iterator();
       ++i) {
    extents.push_back(std::stoull(i->str()));
  }
  return {extents.begin(), extents.end()};
}

}  // namespace

xtape::Array<double> read_npy(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::ifstream file(path, std::ios::binary);
  require<DataError>(file.good(), "{}: cannot open", name);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  require<DataError>(content.size() >= 12 && content.starts_with("\x93NUMPY"), "{}: not a npy file",
                     name);
  const auto byte = [&](std::size_t i) {
    return std::size_t{static_cast<std::uint8_t>(content[i])};
  };
  const std::size_t version = byte(6);
  require<DataError>(version == 1 || version == 2, "{}: npy version {}, expected 1 or 2", name,
                     version);
  const std::size_t start = version == 1 ? 10 : 12;
  std::size_t length = byte(8) | byte(9) << 8;
  if (version == 2) {
    length |= byte(10) << 16 | byte(11) << 24;
  }
  require<DataError>(content.size() - start >= length, "{}: the header is cut short", name);
  const std::string header = content.substr(start, length);

  const auto matches = [&](const char* pattern) {
    return std::regex_search(header, std::regex(pattern));
  };
  require<DataError>(matches("'descr': *'<f8'"), "{}: expected '<f8', got {}", name, header);
  require<DataError>(matches("'fortran_order': *False"), "{}: expected C order, got {}", name,
                     header);
  std::smatch shape_text;
  require<DataError>(
      std::regex_search(header, shape_text, std::regex("'shape': *\\(([0-9, ]*)\\)")),
      "{}: no shape in {}", name, header);
  const xtape::Shape shape = parse_shape(shape_text.str(1));
  const std::size_t count = xtape::element_count(shape);
  const std::size_t size = content.size() - start - length;
  require<DataError>(size % 8 == 0 && size / 8 == count, "{}: {} bytes of data for shape {}", name,
                     size, shape);
  xtape::Array<double> array(shape);
  content.copy(reinterpret_cast<char*>(array.data()), size, start + length);
  return array;
}
