#include "nn/io/checkpoint_folder.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

namespace fs = std::filesystem;

/// Returns the number in a checkpoint's file name, or nothing.
std::optional<std::size_t> number_of(const fs::path& path) {
  std::string name = path.filename().string();
  const std::size_t digits = name.find_first_of("0123456789");
  std::size_t number = 0;
  if (digits == std::string::npos ||
      std::from_chars(name.data() + digits, name.data() + name.size(), number).ec != std::errc() ||
      checkpoint_path("", number) != name) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

fs::path checkpoint_path(const fs::path& folder, std::size_t number) {
  return folder / fmt::format("checkpoint-{:08}.safetensors", number);
}

std::vector<fs::path> find_checkpoints(const fs::path& folder) {
  std::map<std::size_t, fs::path> found;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const auto number = number_of(entry.path());
      if (number && entry.symlink_status().type() == fs::file_type::regular) {
        found[*number] = entry.path();
      }
    }
  } catch (const fs::filesystem_error& error) {
    fail<DataError>("{}: cannot list the folder: {}", folder.string(), error.code().message());
  }
  std::vector<fs::path> paths;
  paths.reserve(found.size());
  for (auto& [number, path] : found) {
    paths.push_back(std::move(path));
  }
  return paths;
}

void keep_last_checkpoints(const fs::path& folder, std::size_t count) {
  require<ValueError>(count > 0, "keep_last_checkpoints: expected a count of at least 1, got 0");
  const std::vector<fs::path> paths = find_checkpoints(folder);
  for (std::size_t i = 0; i + count < paths.size(); ++i) {
    std::error_code error;
    fs::remove(paths[i], error);
    require<DataError>(!error, "{}: cannot remove it: {}", paths[i].string(), error.message());
  }
}

}  // namespace xtape::nn
