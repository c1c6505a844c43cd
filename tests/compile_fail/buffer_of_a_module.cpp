#include <xtape.hpp>

namespace {

struct Confused {
  xtape::nn::Linear<float> layer;

  static void visit(auto& self, auto&& f) { f.buffer("layer", self.layer); }
};

}  // namespace

int main() {
  xtape::Rng rng;
  const Confused model{xtape::nn::Linear(2, 3, rng)};
  return static_cast<int>(xtape::nn::parameter_count(model));
}
