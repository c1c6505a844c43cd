#pragma once

#include "tensor/array.hpp"

/// Declares that an op of one or of two operands is compiled for T.
///@{
#define XTAPE_UNARY_FOR(op, T) template Variable<T> op(Variable<T>)
#define XTAPE_BINARY_FOR(op, T) template Variable<T> op(Variable<T>, Variable<T>)
///@}

/// Compiles an op of one operand for each scalar type: `XTAPE_UNARY(exp);`. XTAPE_BINARY(atan2)
/// compiles one of two operands.
///@{
#ifdef XTAPE_FOR_NESTED_DUALS
#define XTAPE_UNARY(op) XTAPE_UNARY_FOR(op, Dual<Dual<double>>)
#define XTAPE_BINARY(op) XTAPE_BINARY_FOR(op, Dual<Dual<double>>)
#else
#define XTAPE_UNARY(op)             \
  XTAPE_UNARY_FOR(op, XTAPE_FLOAT); \
  XTAPE_UNARY_FOR(op, XTAPE_DOUBLE)
#define XTAPE_BINARY(op)             \
  XTAPE_BINARY_FOR(op, XTAPE_FLOAT); \
  XTAPE_BINARY_FOR(op, XTAPE_DOUBLE)
#endif
///@}
