/// What second derivatives cost beside first ones. For two networks on one and two threads, the
/// gradient, the Hessian-vector product, the Jacobian-vector product and the matrix products in the
/// latter are timed in turn, in one run, so that their ratios hold on a machine whose speed drifts.
/// Then follows the loss of examples/13_physics.cpp, which contains a derivative, with its
/// gradient. `derivatives_benchmark FOLDER` also writes both problems and their answers, with which
/// peers/derivatives.py compares PyTorch and JAX.

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "benchmarks/nets.hpp"
#include "benchmarks/seconds.hpp"

namespace {

namespace nn = xtape::nn;
using benchmarks::Net;
using xtape::Array, xtape::Dual, xtape::Shape, xtape::Tape, xtape::Transpose;

Array<float> random(const Shape& shape, xtape::Rng& rng, double deviation) {
  Array<float> array(shape);
  rng.fill_normal(std::span<float>(array.storage()), 0, deviation);
  return array;
}

/// A network with one hidden layer, a batch, and a direction.
class Problem {
 public:
  Problem(const Net& net, xtape::Rng& rng)
      : images(random({net.batch, net.widths[0]}, rng, 1)),
        model{nn::Linear(net.widths[0], net.widths[1], rng), nn::Sigmoid{},
              nn::Linear(net.widths[1], net.widths[2], rng)},
        direction(nn::parameters_like(model)),
        hidden_(Shape{net.batch, net.widths[1]}, 0.5f),
        outputs_(Shape{net.batch, net.widths[2]}) {
    for (Array<float>& each : direction) {
      each = random(each.shape(), rng, 1);
    }
    for (std::size_t i = 0; i < net.batch; ++i) {
      labels.push_back(static_cast<std::int64_t>(i % net.widths[2]));
    }
  }

  void gradient() {
    plain_.rewind();
    plain_.backward(loss(plain_));
  }

  void hessian_product() {
    record();
    dual_.backward(loss_);
  }

  /// The forward pass with tangents.
  void record() {
    dual_.rewind();
    nn::seed(model, direction, dual_);
    loss_ = loss(dual_);
  }

  /// The products of record(): two of the images with weights and their direction, three of the
  /// hidden layer.
  void forward_products() {
    gemm(Transpose::no, Transpose::no, images, model.get<nn::Linear<float>>(0).weight, 0.f,
         hidden_);
    gemm(Transpose::no, Transpose::no, images, direction[0], 0.f, hidden_);
    gemm(Transpose::no, Transpose::no, hidden_, model.get<nn::Linear<float>>(2).weight, 0.f,
         outputs_);
    gemm(Transpose::no, Transpose::no, hidden_, direction[2], 0.f, outputs_);
    gemm(Transpose::no, Transpose::no, hidden_, direction[2], 1.f, outputs_);
  }

  nn::Parameters<float> product() {
    hessian_product();
    nn::Parameters<float> all;
    nn::copy_hessian_products(model, dual_, all);
    return all;
  }

  Array<float> images;
  std::vector<std::int64_t> labels;
  nn::Sequential<Dual<float>> model;
  nn::Parameters<float> direction;

 private:
  template <class T>
  xtape::Variable<T> loss(Tape<T>& tape) {
    return softmax_cross_entropy(model(tape.constant_view(images)), labels);
  }

  Tape<float> plain_;
  Tape<Dual<float>> dual_;
  xtape::Variable<Dual<float>> loss_;
  Array<float> hidden_, outputs_;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

void measure(const Net& net, std::size_t threads) {
  xtape::set_thread_count(threads);
  xtape::Rng rng{1};
  Problem problem(net, rng);
  std::vector<double> gradients, products, forwards, bares, ratios, forward_ratios;
  for (int round = 0; round < 400; ++round) {
    const auto time = [&](auto call) {
      const double begin = benchmarks::seconds(threads);
      call();
      return benchmarks::seconds(threads) - begin;
    };
    const double gradient = time([&] { problem.gradient(); });
    const double product = time([&] { problem.hessian_product(); });
    const double forward = time([&] { problem.record(); });
    const double bare = time([&] { problem.forward_products(); });
    if (round >= 20) {  // the first rounds warm up
      gradients.push_back(1e6 * gradient), products.push_back(1e6 * product);
      forwards.push_back(1e6 * forward), bares.push_back(1e6 * bare);
      ratios.push_back(product / gradient), forward_ratios.push_back(forward / bare);
    }
  }
  fmt::print("{:12} {:7} {:9.1f} {:9.1f} {:6.2f} {:9.1f} {:9.1f} {:6.2f}\n", net.name, threads,
             median(gradients), median(products), median(ratios), median(forwards), median(bares),
             median(forward_ratios));
}

/// The network of examples/13_physics.cpp, and its loss.
class Physics {
 public:
  explicit Physics(xtape::Rng& rng)
      : network{nn::Linear<double>(1, 32, rng), nn::Tanh{}, nn::Linear<double>(32, 32, rng),
                nn::Tanh{}, nn::Linear<double>(32, 2, rng)} {
    for (std::size_t i = 0; i < times.size(); ++i) {
      times(i, 0) = 2 * std::numbers::pi * static_cast<double>(i) / 63;
    }
  }

  /// Computes the loss and its gradient.
  void compute() {
    tape_.rewind();
    const auto t = tape_.variable(times);
    tape_.seed(t, forward_);
    const auto y = start_ + tanh(t) * network(t - std::numbers::pi);
    const auto result = mean(square(tangent(y) - matmul(y, turn_)));
    tape_.backward_primal(result);
    loss = result.item().value;
    nn::copy_gradients(network, tape_, gradient);
  }

  nn::Sequential<Dual<double>> network;
  Array<double> times{Shape{64, 1}};
  double loss = 0;
  nn::Parameters<double> gradient;

 private:
  Array<double> forward_{Shape{64, 1}, 1.0}, start_{0, 1}, turn_{{0, -1}, {1, 0}};
  Tape<Dual<double>> tape_;
};

/// Returns the median time of Physics::compute() in microseconds.
double measure(Physics& physics) {
  std::vector<double> times;
  for (int round = 0; round < 2000; ++round) {
    const double begin = benchmarks::seconds(1);
    physics.compute();
    times.push_back(1e6 * (benchmarks::seconds(1) - begin));
  }
  times.erase(times.begin(), times.begin() + 100);  // the first rounds warm up
  return median(times);
}

/// An array that is written under a name.
template <class T>
struct Named {
  const char* name;
  Array<T> array;
  static void visit(auto& self, auto&& f) { f(self.name, self.array); }
};

/// Writes arrays under the names of the parameters of a model.
template <class T>
void write_arrays(const std::string& path, nn::Sequential<Dual<T>> model,
                  const nn::Parameters<T>& arrays) {
  std::size_t i = 0;
  nn::for_each_parameter(model, [&](const auto&, Array<T>& each) { each = arrays[i++]; });
  nn::save_weights(path, model);
}

void write_physics(const std::string& folder, const Physics& physics, double microseconds) {
  nn::save_weights(folder + "/network.safetensors", physics.network);
  write_arrays(folder + "/gradient.safetensors", physics.network, physics.gradient);
  nn::save_weights(folder + "/numbers.safetensors",
                   Named<double>{"numbers", {physics.loss, microseconds}});
}

/// Writes the arrays of a problem, under the names of its parameters with these beginnings.
void write_answer(const std::string& folder) {
  xtape::set_thread_count(1);
  xtape::Rng rng{1};
  Problem problem(benchmarks::nets().front(), rng);
  const nn::Parameters<float> product = problem.product();
  nn::save_weights(folder + "/weights.safetensors", problem.model);
  write_arrays(folder + "/direction.safetensors", problem.model, problem.direction);
  write_arrays(folder + "/product.safetensors", problem.model, product);
  nn::save_weights(folder + "/images.safetensors", Named<float>{"images", problem.images});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) {
    fmt::print(stderr, "usage: derivatives_benchmark [FOLDER]\n");
    return 2;
  }
  fmt::print("xtape {}, {}; medians in microseconds, of {} ratios of neighbours\n",
             xtape::version(), xtape::gemm_backend(), 380);
  fmt::print("{:12} {:>7} {:>9} {:>9} {:>6} {:>9} {:>9} {:>6}\n", "net", "threads", "gradient",
             "H v", "ratio", "J v", "products", "ratio");
  for (const std::size_t i : {0UL, 1UL}) {
    for (const std::size_t threads : {1UL, 2UL}) {
      measure(benchmarks::nets()[i], threads);
    }
  }
  xtape::set_thread_count(1);
  xtape::Rng rng{1};
  Physics physics(rng);
  const double microseconds = measure(physics);
  fmt::print("loss of examples/13_physics.cpp, 1-32-32-2, double: with its gradient {:.1f} us\n",
             microseconds);
  if (argc == 2) {
    write_answer(argv[1]);
    write_physics(argv[1], physics, microseconds);
  }
}
