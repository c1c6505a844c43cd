#include <xtape.hpp>

int main() {
  xtape::Tape tape;
  const auto x = tape.constant_view(xtape::Array<float>(xtape::Shape{3}, 1.f));  // gone at once
  return static_cast<int>(x.value().size());
}
