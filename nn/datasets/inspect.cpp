#include "nn/datasets/inspect.hpp"

#include <fmt/format.h>

#include <system_error>
#include <vector>

#include "tensor/error.hpp"

namespace xtape::nn::datasets {
namespace {

namespace fs = std::filesystem;

/// Returns the first of these files: NAME, NAME with ".idx" for "-idx", then both with ".gz".
/// nn::read_mnist() looks in the same order. A file that is served as it is has one name.
fs::path find_file(const fs::path& folder, const DataFile& file) {
  std::vector<std::string> names{file.name};
  if (file.packing == Packing::gzip) {
    std::string dotted = file.name;
    if (const std::size_t dash = dotted.find("-idx"); dash != std::string::npos) {
      dotted[dash] = '.';
    }
    names.insert(names.end(), {dotted, file.name + ".gz", dotted + ".gz"});
  }
  for (const std::string& each : names) {
    std::error_code error;
    if (fs::status(folder / each, error).type() != fs::file_type::not_found) {
      return folder / each;
    }
  }
  return {};
}

}  // namespace

std::string difference(const Content& content, const DataFile& file) {
  if (content.bytes != file.bytes) {
    return fmt::format("holds {} bytes, expected {}", content.bytes, file.bytes);
  }
  if (content.sha256 != file.sha256) {
    return fmt::format("has the SHA-256 {}, expected {}", content.sha256, file.sha256);
  }
  return "";
}

Content read_content(const fs::path& path, const DataFile& file,
                     const std::function<void(std::span<const std::uint8_t>)>& take) {
  return file.packing == Packing::gzip ? unpack(path, file.bytes, take)
                                       : read_packed(path, file.bytes, take);
}

Inspection inspect(const fs::path& folder, const DataFile& file) {
  Inspection result{find_file(folder, file), ""};
  if (result.found()) {
    try {
      const std::string wrong =
          difference(read_content(result.path, file, [](auto /*bytes*/) {}), file);
      result.problem = wrong.empty() ? "" : fmt::format("{}: {}", result.path.string(), wrong);
    } catch (const xtape::DataError& error) {
      result.problem = error.what();
    }
  }
  return result;
}

}  // namespace xtape::nn::datasets
