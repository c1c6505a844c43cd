#pragma once

namespace xtape {

/// The version of the library that the program runs with, as "major.minor.patch".
const char* version() noexcept;

}  // namespace xtape
