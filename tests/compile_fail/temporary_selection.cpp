#include <xtape.hpp>

int main() {
  xtape::Rng rng;
  const auto all = xtape::nn::select(xtape::nn::Linear(2, 3, rng),  // gone at once
                                     [](auto) { return true; });
  return static_cast<int>(xtape::nn::parameter_count(all));
}
