#pragma once

#include "tensor/array.hpp"

/// Compiles an op of one operand for each scalar type: `XTAPE_UNARY(exp);`.
#define XTAPE_UNARY(op)                         \
  template Variable<float> op(Variable<float>); \
  template Variable<double> op(Variable<double>)

/// Compiles an op of two operands for each scalar type: `XTAPE_BINARY(atan2);`.
#define XTAPE_BINARY(op)                                         \
  template Variable<float> op(Variable<float>, Variable<float>); \
  template Variable<double> op(Variable<double>, Variable<double>)
