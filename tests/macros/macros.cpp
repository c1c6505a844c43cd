// A program whose macros have names that headers use for something else includes xtape, and keeps
// them.

#define PI 3.14159
#define E 2.71828
#define I (0, 1)
#define N 100
#define T "type"
#define complex broken complex
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define abs(x) ((x) < 0 ? -(x) : (x))
#define round(x) ((int)(x))
#define square(x) ((x) * (x))
#define IN
#define OUT

#ifdef FIRST_HEADER
#include FIRST_HEADER
#endif
#include <xtape.hpp>

int main() {
  xtape::Tape<double> tape;
  const auto x = tape.variable(PI * N);
  tape.backward(x * E);
  return item(x.grad()) == E && min(1, 2) + max(1, 2) + square(2) + abs(-1) == 8 ? 0 : 1;
}
