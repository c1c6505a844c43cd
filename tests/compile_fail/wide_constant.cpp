#include <xtape.hpp>

int main() {
  xtape::Tape tape;  // of floats
  const xtape::Array<double> data(xtape::Shape{3}, 1e300);
  return static_cast<int>(tape.constant(data).value().size());
}
