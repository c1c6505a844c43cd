#include <xtape.hpp>

namespace {

xtape::Variable<float> scaled(xtape::Variable<float> x, const xtape::Array<float>& factors) {
  return xtape::record("scaled", {x}, x.value() * factors, [=](xtape::Variable<float> y) {
    xtape::accumulate(x, y.grad() * factors);  // a copy of the array, on the heap
  });
}

}  // namespace

int main() {
  xtape::Tape tape;
  const xtape::Array<float> two(xtape::Shape{3}, 2.f);
  return static_cast<int>(scaled(tape.variable(two), two).value().size());
}
