#pragma once

#include <string>
#include <vector>

namespace cli {

/// The rows of a table of names and values.
using Facts = std::vector<std::vector<std::string>>;

/// Returns the version of xtape, the library that multiplies matrices, the number of threads and
/// the compiler.
Facts versions();

/// Returns the same but the compiler in a line: "xtape 1.0.0, OpenBLAS, 2 threads".
std::string version_line();

}  // namespace cli
