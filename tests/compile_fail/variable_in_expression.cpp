#include <xtape.hpp>

int main() {
  xtape::Tape tape;
  const xtape::Array<float> array(xtape::Shape{3}, 1.f);
  const auto x = tape.variable(array);
  xt::hypot(x, array);  // xtensor's function, which would record nothing
}
