#pragma once

#include "tensor/array.hpp"

/// Compiles an op of one operand for each scalar type: `XTAPE_UNARY(exp);`.
#define XTAPE_UNARY(op)                                     \
  template Variable<XTAPE_FLOAT> op(Variable<XTAPE_FLOAT>); \
  template Variable<XTAPE_DOUBLE> op(Variable<XTAPE_DOUBLE>)

/// Compiles an op of two operands for each scalar type: `XTAPE_BINARY(atan2);`.
#define XTAPE_BINARY(op)                                                           \
  template Variable<XTAPE_FLOAT> op(Variable<XTAPE_FLOAT>, Variable<XTAPE_FLOAT>); \
  template Variable<XTAPE_DOUBLE> op(Variable<XTAPE_DOUBLE>, Variable<XTAPE_DOUBLE>)
