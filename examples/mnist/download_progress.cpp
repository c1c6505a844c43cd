#include "examples/mnist/download_progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace mnist {

DownloadProgress download_progress() {
  return [last = std::string(), terminal = isatty(STDERR_FILENO) != 0](
             const std::string& what, std::uint64_t done, std::uint64_t total) mutable {
    if (terminal && total > 0) {
      fmt::print(stderr, "\r{}: {:.1f} of {:.1f} MB{}", what, static_cast<double>(done) / 1e6,
                 static_cast<double>(total) / 1e6, done == total ? "\n" : "");
    } else if (what != last) {
      fmt::print(stderr, "downloading {}\n", what);
      last = what;
    }
    return true;
  };
}

}  // namespace mnist
