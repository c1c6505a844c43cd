#include <xtape.hpp>

int main() {
  xtape::Rng rng;
  const xtape::nn::Linear layer(2, 3, rng);
  const auto part = xtape::nn::select(layer, [](int index) { return index == 0; });
  return static_cast<int>(xtape::nn::parameter_count(part));
}
