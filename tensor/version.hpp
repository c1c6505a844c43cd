#pragma once

namespace xtape {

/// Returns the version of the library at run time, as "major.minor.patch".
const char* version() noexcept;

}  // namespace xtape
