#include "tensor/version.hpp"

namespace xtape {

const char* version() noexcept { return XTAPE_VERSION; }

}  // namespace xtape
