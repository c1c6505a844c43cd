#include "nn/io/checkpoint_file.hpp"

#include "nn/io/checkpoint.hpp"
#include "nn/io/checksum.hpp"
#include "tensor/error.hpp"

// What a file says about itself as a checkpoint, of whatever run.

namespace xtape::nn {

void detail::require_checkpoint(const SafetensorsFile& file) {
  const auto format = file.metadata().find("checkpoint");
  require<DataError>(format != file.metadata().end(), "{}: is not a checkpoint of xtape",
                     file.name());
  require<DataError>(format->second == checkpoint_format,
                     "{}: is a checkpoint of format {}, expected '{}': another version of xtape "
                     "wrote it, or it is damaged",
                     file.name(), in_quotes(format->second), checkpoint_format);
}

bool is_intact_checkpoint(const std::filesystem::path& path) {
  try {
    const SafetensorsFile file(path);
    detail::require_checkpoint(file);
    require_checksum(file);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

Identity read_identity(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  detail::require_checkpoint(file);
  Identity identity;
  for (const auto& [key, text] : file.metadata()) {
    if (key.starts_with(detail::identity_prefix)) {
      identity.emplace(key.substr(detail::identity_prefix.size()), text);
    }
  }
  return identity;
}

}  // namespace xtape::nn
