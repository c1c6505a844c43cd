#pragma once

namespace xtape::nn::report {

/// The style sheet of the report: light and dark, from a phone to a wide screen.
extern const char* const style;

}  // namespace xtape::nn::report
