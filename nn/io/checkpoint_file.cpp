#include "nn/io/checkpoint_file.hpp"

#include "nn/io/checkpoint.hpp"
#include "tensor/error.hpp"

// What the metadata alone say about a checkpoint.

namespace xtape::nn {

void detail::require_checkpoint(const SafetensorsFile& file) {
  const auto format = file.metadata().find("checkpoint");
  require<DataError>(format != file.metadata().end(), "{}: is no checkpoint of xtape", file.name());
  require<DataError>(format->second == checkpoint_format,
                     "{}: is a checkpoint of format {}, expected '{}': another version of xtape "
                     "wrote it, or it is damaged",
                     file.name(), in_quotes(format->second), checkpoint_format);
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
