#include "examples/cli/download_progress.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "examples/cli/output.hpp"
#include "nn/train/progress.hpp"

namespace cli {

namespace datasets = xtape::nn::datasets;

datasets::DownloadProgress download_progress() {
  const bool counts = xtape::nn::style_of_stderr() == xtape::nn::ProgressStyle::bar;
  return [=, phase = std::string(), counted = std::uint64_t{0}](
             const std::string& what, std::uint64_t done, std::uint64_t total) mutable {
    std::string text;
    if (what != phase) {
      text = fmt::format("{}: {}\n", program_name(), what);
    } else if (counts && total > 0 && done != counted) {
      text = fmt::format("\r{:.1f} of {:.1f} MB{}", static_cast<double>(done) / 1e6,
                         static_cast<double>(total) / 1e6, done == total ? "\n" : "");
    }
    phase = what;
    counted = done;
    std::fputs(text.c_str(), stderr);  // where nobody listens, nothing is lost
    return true;
  };
}

}  // namespace cli
