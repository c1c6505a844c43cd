#include "examples/cli/runs.hpp"

#include <fmt/format.h>

#include "examples/cli/output.hpp"
#include "nn/io/checkpoint_folder.hpp"
#include "nn/io/weights.hpp"
#include "nn/report/report.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;

/// Returns the path without links and dots. It need not exist.
fs::path plain(const fs::path& path) {
  const fs::path normal = fs::weakly_canonical(fs::absolute(path));
  return normal.has_filename() ? normal : normal.parent_path();
}

/// Throws ValueError if the file of the weights is `folder` or lies in it, where it could overwrite
/// another file.
void require_apart(const fs::path& weights, const fs::path& folder, const char* flag) {
  if (!weights.empty() && !folder.empty()) {
    xtape::require<xtape::ValueError>(
        plain(weights) != plain(folder) && plain(weights).parent_path() != plain(folder),
        "--save: expected a file outside of the folder of {}, got {}", flag, weights.string());
  }
}

}  // namespace

void name_flag(const char* flag, const std::function<void()>& check) {
  try {
    check();
  } catch (const xtape::ValueError& error) {
    xtape::fail<xtape::ValueError>("{}: {}", flag, error.what());
  }
}

bool same_place(const fs::path& a, const fs::path& b) { return plain(a) == plain(b); }

void require_writable(const ResultOptions& results, const CheckpointOptions& checkpoints) {
  require_apart(results.weights, results.report, "--report");
  require_apart(results.weights, checkpoints.folder, "--checkpoints");
  if (!results.weights.empty()) {
    name_flag("--save", [&] { xtape::nn::require_weights_writable(results.weights); });
  }
  if (!results.report.empty()) {
    name_flag("--report", [&] { xtape::nn::Report::require_writable(results.report); });
  }
}

std::filesystem::path place_of_weights(const std::filesystem::path& path) {
  try {
    xtape::nn::require_weights_writable(path);
    return path;
  } catch (const xtape::ValueError&) {
    constexpr std::size_t longest = 200;  // so that the name stays below the 255 bytes of Linux
    const std::string name = path.filename().string().substr(0, longest);
    for (int number = 1;; ++number) {
      const fs::path beside = path.parent_path() / fmt::format("{}.{}", name, number);
      if (!fs::exists(fs::symlink_status(beside))) {
        return beside;
      }
    }
  }
}

void require_checkpoint(const CheckpointOptions& checkpoints) {
  const std::filesystem::path folder = checkpoints.folder;
  xtape::require<xtape::ValueError>(
      !checkpoints.resume ||
          (std::filesystem::exists(folder) && !xtape::nn::find_checkpoints(folder).empty()),
      "{}: holds no checkpoint to --resume from", folder.string());
}

std::uint64_t fingerprint(const xtape::nn::Dataset& data, std::uint64_t hash) {
  for (const xtape::nn::Samples* samples : {&data.features, &data.targets}) {
    samples->visit([&](auto elements) {
      for (const auto element : elements) {
        hash = (hash ^ static_cast<std::uint8_t>(element)) * 0x100000001b3;
      }
    });
  }
  return hash;
}

void show_output(const ResultOptions& results) {
  if (results.weights.empty() && results.report.empty()) {
    flush_output();
  } else {
    try_flush_output();
  }
}

void print_places(const ResultOptions& results) {
  if (!results.weights.empty()) {
    print_output("weights in {}\n", results.weights.string());
  }
  if (!results.report.empty()) {
    print_output("report in {}\n", (results.report / "index.html").string());
  }
}

void complain_interrupted(std::size_t epochs, std::size_t of,
                          const CheckpointOptions& checkpoints) {
  complain(fmt::format("interrupted after {} of {} epochs, {}", epochs, of,
                       checkpoints.folder.empty()
                           ? "without --checkpoints to go on from"
                           : "to go on from " + checkpoints.folder + " with --resume"));
}

}  // namespace cli
