#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

#include "tensor/error.hpp"

namespace cli {

/// Whether this process prints on standard output. Of several that train together, one does.
inline bool& prints() {
  static bool yes = true;
  return yes;
}

/// Prints on standard output. Whether that took it, flush_output() will tell.
template <class... Args>
void print_output(fmt::format_string<Args...> format, Args&&... args) {
  if (prints()) {
    const std::string text = fmt::format(format, std::forward<Args>(args)...);
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
}

/// Hands what has been printed to the system, so that readers see it now. Returns whether standard
/// output has taken all that was ever printed: not when it is closed, its disk is full, or its
/// reader is gone.
inline bool try_flush_output() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

/// The same, but throws Error when standard output has not taken all.
inline void flush_output() {
  xtape::require<xtape::Error>(try_flush_output(), "cannot write to standard output");
}

/// The name under which the program speaks; main() sets it.
inline std::string& program_name() {
  static std::string name = "program";
  return name;
}

/// Says `message` on a line of standard error. When that is closed there is nobody to tell.
inline void complain(const std::string& message) {
  std::fputs((program_name() + ": " + message + '\n').c_str(), stderr);
}

}  // namespace cli
