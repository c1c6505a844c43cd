#include "nn/train/best_file.hpp"

#include <system_error>

#include "tensor/error.hpp"

namespace xtape::nn::detail {

BestFile::BestFile(const std::filesystem::path& folder)
    : path_(folder / "best.safetensors"), next_(folder / "next_best.safetensors") {}

void BestFile::replace() const {
  std::error_code error;
  std::filesystem::rename(next_, path_, error);
  require<DataError>(!error, "{}: cannot write: {}", path_.string(), error.message());
}

}  // namespace xtape::nn::detail
