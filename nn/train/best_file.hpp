#pragma once

#include <filesystem>

namespace xtape::nn::detail {

/// The files of the best weights in a folder of checkpoints. New best weights replace
/// best.safetensors in two steps, so that a process that is killed between them can resume.
class BestFile {
 public:
  explicit BestFile(const std::filesystem::path& folder);

  /// Returns best.safetensors: the best weights.
  const std::filesystem::path& path() const { return path_; }

  /// Returns next_best.safetensors: new best weights, until a checkpoint knows them.
  const std::filesystem::path& next() const { return next_; }

  /// Replaces the best weights by the new ones. Throws DataError if that fails.
  void replace() const;

 private:
  std::filesystem::path path_, next_;
};

}  // namespace xtape::nn::detail
