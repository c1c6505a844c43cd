// How curved is the loss of a network while it learns MNIST? Lanczos' method finds the largest
// eigenvalue of a Hessian of 101,770 x 101,770 numbers from its products with twenty vectors. The
// first argument may name the folder of MNIST. The report in the folder sharpness has the curve.

#include <fmt/core.h>
#include <cmath>
#include <nn/datasets/mnist.hpp>
#include <nn/report/report.hpp>
#include <xtape.hpp>

namespace nn = xtape::nn;
using Vector = nn::Parameters<float>;
// Returns the largest eigenvalue of a symmetric matrix T with this diagonal and the one beside it.
// It is above x if a pivot of T - x I is positive.
double largest_eigenvalue(const std::vector<double>& diagonal, const std::vector<double>& beside) {
  double low = -1e6, high = 1e6;
  for (int i = 0; i < 100; ++i) {
    const double x = (low + high) / 2;
    double pivot = diagonal[0] - x;
    bool above = pivot > 0;
    for (std::size_t k = 1; k < diagonal.size() && !above; ++k) {
      pivot = diagonal[k] - x - beside[k - 1] * beside[k - 1] / pivot;
      above = pivot > 0;
    }
    (above ? low : high) = x;
  }
  return low;
}

// Returns the largest eigenvalue of the Hessian: Lanczos' method from a random vector.
double sharpness(nn::HessianProduct<float>& product, Vector v, xtape::Rng& rng) {
  for (auto& each : v) rng.fill_normal(std::span<float>(each.storage()), 0, 1);
  std::vector<Vector> basis;
  std::vector<double> diagonal, beside;
  for (double size = std::sqrt(nn::dot(v, v)); diagonal.size() < 20 && size > 1e-6;) {
    nn::add_scaled(v, static_cast<float>(1 / size) - 1, Vector(v));
    basis.push_back(v);
    product(basis.back(), v);
    diagonal.push_back(nn::dot(v, basis.back()));
    for (const Vector& each : basis) {  // rounding would make v lean towards earlier vectors
      nn::add_scaled(v, -nn::dot(v, each), each);
    }
    size = std::sqrt(nn::dot(v, v));
    beside.push_back(size);
  }
  return largest_eigenvalue(diagonal, beside);
}

int main(int argc, char** argv) try {
  const nn::Mnist mnist = nn::mnist({.folder = argc > 1 ? argv[1] : ""});
  xtape::Rng rng{42};
  nn::Sequential<xtape::Dual<float>> model{nn::Linear(784, 128, rng), nn::Tanh{},
                                           nn::Linear(128, 10, rng)};
  const nn::SoftmaxCrossEntropy criterion;
  nn::Batches batches(mnist.train, 64, rng), some(nn::Dataset(mnist.train.slice(0, 1000)), 1000);
  nn::HessianProduct<float> product(model, [&](auto& tape) {
    const nn::Batch batch = *some.begin();
    return criterion(model(tape.constant(batch.inputs)), batch.targets);
  });
  nn::SGD sgd({.learning_rate = 0.1});
  xtape::Tape tape;
  nn::Epochs epochs({.epochs = 5}, model, sgd, tape, batches);
  for (nn::Epoch& epoch : epochs) {
    for (const auto& batch : epoch) {
      tape.rewind();
      const auto loss = criterion(model(tape.constant(batch.inputs)), batch.targets);
      tape.backward(loss);
      sgd.step(model, tape);
      epoch.add(loss);
    }
    const double largest = sharpness(product, nn::parameters_like(model), rng);
    epoch.end({{"largest eigenvalue", nn::lower_is_better(largest)}});
  }
  nn::Report page("Sharpness of a network for MNIST");
  page.add(nn::curves(epochs.history()));
  page.write("sharpness");
} catch (const xtape::Error& error) {
  fmt::print(stderr, "14_sharpness: {}\n", error.what());
  return 1;
}
