/// @file
/// Requires C++20, and hides macros of the including program, such as `#define PI 3.14` and
/// `#define N 100`. xtape, or a library that it includes, uses their names for something else.
/// restore_macros.hpp restores the macros. Headers that programs include begin with this header and
/// end with that one.

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 202002L
#error "xtape needs C++20: compile with -std=c++20 (MSVC: /std:c++20)"
#include <C++20>  // no such header: ends the compilation before hundreds of other errors
#endif

#pragma push_macro("A")
#undef A
#pragma push_macro("B")
#undef B
#pragma push_macro("C")
#undef C
#pragma push_macro("D")
#undef D
#pragma push_macro("E")
#undef E
#pragma push_macro("F")
#undef F
#pragma push_macro("G")
#undef G
#pragma push_macro("H")
#undef H
#pragma push_macro("I")
#undef I
#pragma push_macro("J")
#undef J
#pragma push_macro("K")
#undef K
#pragma push_macro("L")
#undef L
#pragma push_macro("M")
#undef M
#pragma push_macro("N")
#undef N
#pragma push_macro("O")
#undef O
#pragma push_macro("P")
#undef P
#pragma push_macro("Q")
#undef Q
#pragma push_macro("R")
#undef R
#pragma push_macro("S")
#undef S
#pragma push_macro("T")
#undef T
#pragma push_macro("U")
#undef U
#pragma push_macro("V")
#undef V
#pragma push_macro("W")
#undef W
#pragma push_macro("X")
#undef X
#pragma push_macro("Y")
#undef Y
#pragma push_macro("Z")
#undef Z
#pragma push_macro("PI")
#undef PI
#pragma push_macro("complex")
#undef complex
#pragma push_macro("min")
#undef min
#pragma push_macro("max")
#undef max
#pragma push_macro("abs")
#undef abs
#pragma push_macro("round")
#undef round
#pragma push_macro("square")
#undef square
#pragma push_macro("IN")
#undef IN
#pragma push_macro("OUT")
#undef OUT
