#include <xtape.hpp>

namespace {

xtape::Variable<float> cube(xtape::Variable<float> x) {
  return xtape::define("cube", {x}, x.value() * x.value() * x.value(), [=](auto y) {
    const auto squared = x.value() * x.value();
    return 3.f * y.grad() * squared;  // refers to an expression that is gone by then
  });
}

}  // namespace

int main() {
  xtape::Tape tape;
  return static_cast<int>(cube(tape.variable(2.f)).item());
}
