#include "nn/io/replaceable.hpp"

#include <cstdint>
#include <system_error>

#include "tensor/error.hpp"

namespace xtape::nn {

void require_replaceable(const std::filesystem::path& path, const char* content,
                         const std::function<bool(const std::filesystem::path&)>& holds) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) ||
      std::filesystem::file_size(path, error) == 0) {
    return;  // nothing to lose; whatever is no file cannot be replaced
  }
  bool ours = false;
  try {
    ours = holds(path);
  } catch (const DataError&) {
    ours = false;
  }
  require<ValueError>(ours, "{} exists and holds no {}: remove it, or name another file",
                      path.string(), content);
}

}  // namespace xtape::nn
