#include <xtape.hpp>

int main() {
  xtape::Tape tape;  // of floats
  const auto x = tape.variable(2.f);
  const xtape::Array<double> factors(xtape::Shape{3}, 0.1);
  return static_cast<int>((x * factors).value().size());
}
