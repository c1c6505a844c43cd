#include <xtape.hpp>

int main() {
  xtape::Tape tape;
  const auto x = tape.parameter(xtape::Array<float>(xtape::Shape{3}, 1.f));  // gone before backward
  return static_cast<int>(x.value().size());
}
