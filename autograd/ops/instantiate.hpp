#pragma once

#include "tensor/array.hpp"

/// @file
/// `XTAPE_UNARY(exp, log)` compiles ops of one operand, given by name, for each scalar type.

/// Compiles ops of one operand, given by name, for each scalar type.
///@{
#define XTAPE_UNARY(...) XTAPE_FOR_EACH_SCALAR(XTAPE_UNARY_OF, __VA_ARGS__)
#define XTAPE_UNARY_OF(T, ...) XTAPE_SCAN_27(XTAPE_UNARY_NEXT(T, __VA_ARGS__))
#define XTAPE_UNARY_NEXT(T, op, ...)   \
  template Variable<T> op(Variable<T>) \
      __VA_OPT__(; XTAPE_UNARY_AGAIN XTAPE_PARENTHESES(T, __VA_ARGS__))
#define XTAPE_UNARY_AGAIN() XTAPE_UNARY_NEXT
#define XTAPE_PARENTHESES ()

// The preprocessor expands a macro once per scan. So 27 scans allow a list of 27 names.
#define XTAPE_SCAN_27(...) XTAPE_SCAN_9(XTAPE_SCAN_9(XTAPE_SCAN_9(__VA_ARGS__)))
#define XTAPE_SCAN_9(...) XTAPE_SCAN_3(XTAPE_SCAN_3(XTAPE_SCAN_3(__VA_ARGS__)))
#define XTAPE_SCAN_3(...) XTAPE_SCAN_1(XTAPE_SCAN_1(XTAPE_SCAN_1(__VA_ARGS__)))
#define XTAPE_SCAN_1(...) __VA_ARGS__
///@}
