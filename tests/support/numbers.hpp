#pragma once

#include <limits>

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double nan_d = std::numeric_limits<double>::quiet_NaN();
