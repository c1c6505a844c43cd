#include "examples/cli/versions.hpp"

#include <fmt/format.h>

#include <xtape.hpp>

namespace cli {
namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "GCC " __VERSION__;
#else
  return "unknown";
#endif
}

}  // namespace

Facts versions() {
  return {{"xtape", xtape::version()},
          {"matrix products", xtape::gemm_backend()},
          {"threads", fmt::format("{}", xtape::thread_count())},
          {"compiler", compiler()}};
}

std::string version_line() {
  const std::size_t threads = xtape::thread_count();
  return fmt::format("xtape {}, {}, {} thread{}", xtape::version(), xtape::gemm_backend(), threads,
                     threads == 1 ? "" : "s");
}

}  // namespace cli
