#include "nn/datasets/inspect.hpp"

#include <fmt/format.h>

#include <system_error>

#include "tensor/error.hpp"

namespace xtape::nn::datasets {
namespace {

namespace fs = std::filesystem;

/// Returns the first of these files: NAME, NAME with ".idx" for "-idx", then both with ".gz".
/// nn::read_mnist() looks in the same order.
fs::path find_file(const fs::path& folder, const std::string& name) {
  std::string dotted = name;
  if (const std::size_t dash = name.find("-idx"); dash != std::string::npos) {
    dotted[dash] = '.';
  }
  for (const std::string& each : {name, dotted, name + ".gz", dotted + ".gz"}) {
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

Inspection inspect(const fs::path& folder, const DataFile& file) {
  Inspection result{find_file(folder, file.name), ""};
  if (result.found()) {
    try {
      const std::string wrong = difference(unpack(result.path, file.bytes), file);
      result.problem = wrong.empty() ? "" : fmt::format("{}: {}", result.path.string(), wrong);
    } catch (const xtape::DataError& error) {
      result.problem = error.what();
    }
  }
  return result;
}

}  // namespace xtape::nn::datasets
