#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "nn/io/safetensors.hpp"
#include "tests/nn/io/safetensors_files.hpp"
#include "tests/support/cost.hpp"
#include "tests/support/temporary_folder.hpp"

/// Returns the cost of reading a safetensors file whose header has the maximum length and holds
/// only a long text.
inline Cost cost_of_sound_header() {
  const std::string head = R"({"__metadata__":{"text":")", tail = R"("}})";
  const std::size_t most = 2 << 20;
  const TemporaryFolder folder;
  const std::filesystem::path path =
      write_unsound(folder, head + std::string(most - head.size() - tail.size(), 'x') + tail);
  return cost_of([&] { xtape::nn::SafetensorsFile{path}; });
}
