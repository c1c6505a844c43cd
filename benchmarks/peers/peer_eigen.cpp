/// The same by hand on Eigen: what a C++ programmer writes without a framework. `peer_eigen FOLDER
/// THREADS SECONDS`

#include <Eigen/Dense>
#include <string>

#include "benchmarks/peers/problem.hpp"

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowVector = Eigen::Matrix<float, 1, Eigen::Dynamic>;

struct Layer {
  Matrix weight, weight_grad, value,
      grad;  // value: what the layer puts out; grad: that of its input to the sigmoid
  RowVector bias;
};

class Network {
 public:
  explicit Network(const peers::Problem& problem) : problem_(problem) {
    for (std::size_t i = 0; i + 1 < problem.widths.size(); ++i) {
      const auto in = static_cast<Eigen::Index>(problem.widths[i]);
      const auto out = static_cast<Eigen::Index>(problem.widths[i + 1]);
      Layer layer;
      layer.weight = Eigen::Map<const Matrix>(problem.weights[i].data(), in, out);
      layer.bias = Eigen::Map<const RowVector>(problem.biases[i].data(), out);
      layer.weight_grad.resize(in, out);
      layers_.push_back(std::move(layer));
    }
  }

  float step(std::size_t batch) {
    const auto size = static_cast<Eigen::Index>(problem_.batch);
    const auto features = static_cast<Eigen::Index>(problem_.widths.front());
    const Eigen::Map<const Matrix> x(
        problem_.images.data() + static_cast<Eigen::Index>(batch) * size * features, size,
        features);
    forward(x);
    const float loss = loss_and_gradient(problem_.labels.data() + batch * problem_.batch);
    backward(x);
    return loss;
  }

 private:
  template <class X>
  void forward(const X& x) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      Layer& layer = layers_[i];
      if (i == 0) {
        layer.value.noalias() = x * layer.weight;
      } else {
        layer.value.noalias() = layers_[i - 1].value * layer.weight;
      }
      layer.value.rowwise() += layer.bias;
      if (i + 1 < layers_.size()) {
        layer.value = (1 + (-layer.value.array()).exp()).inverse();
      }
    }
  }

  float loss_and_gradient(const std::uint8_t* labels) {
    Layer& last = layers_.back();
    float loss = 0;
    last.grad.resizeLike(last.value);
    for (Eigen::Index i = 0; i < last.value.rows(); ++i) {
      const auto shifted = (last.value.row(i).array() - last.value.row(i).maxCoeff()).eval();
      last.grad.row(i) = shifted.exp();
      const float sum = last.grad.row(i).sum();
      loss += std::log(sum) - shifted(labels[i]);
      last.grad.row(i) /= sum;
      last.grad(i, labels[i]) -= 1;
    }
    const auto batch = static_cast<float>(last.value.rows());
    last.grad /= batch;
    return loss / batch;
  }

  template <class X>
  void backward(const X& x) {
    for (std::size_t i = layers_.size(); i-- > 0;) {
      Layer& layer = layers_[i];
      if (i > 0) {
        Layer& before = layers_[i - 1];
        layer.weight_grad.noalias() = before.value.transpose() * layer.grad;
        before.grad.noalias() = layer.grad * layer.weight.transpose();
        before.grad.array() *= before.value.array() * (1 - before.value.array());
      } else {
        layer.weight_grad.noalias() = x.transpose() * layer.grad;
      }
      layer.weight -= peers::learning_rate * layer.weight_grad;
      layer.bias -= peers::learning_rate * layer.grad.colwise().sum();
    }
  }

  const peers::Problem& problem_;
  std::vector<Layer> layers_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: peer_eigen FOLDER THREADS SECONDS\n");
    return 2;
  }
  Eigen::setNbThreads(std::stoi(argv[2]));
  const peers::Problem problem = peers::read_problem(argv[1]);
  Network network(problem);
  peers::run(problem.batches(), std::stod(argv[3]),
             [&](std::size_t batch) { return network.step(batch); });
  return 0;
}
