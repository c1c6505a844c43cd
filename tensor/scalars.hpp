#pragma once

#include "tensor/dual.hpp"

/// @file
/// The types of numbers that the library is compiled for.

/// Runs `instantiate(T)` for each scalar type T that a source is compiled for: float and double.
/// The sources of ops that can differentiate twice are compiled again for Dual numbers of them. If
/// XTAPE_NESTED_DUALS is on, they are also compiled for Dual numbers of Dual numbers of double.
///@{
#ifdef XTAPE_FOR_NESTED_DUALS
#define XTAPE_FOR_EACH_SCALAR(instantiate) instantiate(Dual<Dual<double>>)
#else
#ifdef XTAPE_FOR_DUALS
#define XTAPE_FLOAT Dual<float>
#define XTAPE_DOUBLE Dual<double>
#else
#define XTAPE_FLOAT float
#define XTAPE_DOUBLE double
#endif
#define XTAPE_FOR_EACH_SCALAR(instantiate) \
  instantiate(XTAPE_FLOAT);                \
  instantiate(XTAPE_DOUBLE)
#endif
///@}
