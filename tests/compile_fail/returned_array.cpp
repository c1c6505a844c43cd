#include <xtape.hpp>

namespace {

xtape::Variable<float> same(xtape::Variable<float> x) {
  return xtape::define("same", {x}, x.value() * 1.f,
                       [](auto y) { return y.grad(); });  // a copy of the array, on the heap
}

}  // namespace

int main() {
  xtape::Tape tape;
  return static_cast<int>(same(tape.variable(2.f)).item());
}
