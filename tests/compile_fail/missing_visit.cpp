#include <xtape.hpp>

namespace {

struct Forgetful {
  xtape::nn::Linear<float> layer;

  xtape::Variable<float> operator()(xtape::Variable<float> x) const { return layer(x); }
};

}  // namespace

int main() {
  xtape::Rng rng;
  xtape::nn::Sequential model{Forgetful{xtape::nn::Linear(2, 3, rng)}};
  return static_cast<int>(model.size());
}
