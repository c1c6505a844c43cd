/// The output of a network for one image, in xtape. `peer_xtape_latency --write FOLDER` makes the
/// problems, with the networks as ONNX files and as weights for PyTorch. `peer_xtape_latency FOLDER
/// THREADS SECONDS` solves one.

#include <cmath>
#include <filesystem>
#include <vector>

#include "benchmarks/nets.hpp"
#include "benchmarks/peers/image_problem.hpp"
#include "nn/onnx/save_onnx.hpp"

namespace {

namespace nn = xtape::nn;
using peers::ImageProblem;
using xtape::Array;
using xtape::Shape;

constexpr std::size_t images = 64;

nn::Sequential<float> mnist_cnn(xtape::Rng& rng) {
  nn::Sequential<float> model{nn::Reshape({28, 28, 1})};
  std::size_t in = 1;
  for (const std::size_t out : {16UL, 32UL}) {
    model.push_back(nn::Conv2d(in, out, 5, rng, {.bias = false}));
    model.push_back(nn::BatchNorm(out));
    model.push_back(nn::ReLU{});
    model.push_back(nn::MaxPool2d(2));
    in = out;
  }
  model.push_back(nn::Flatten{});
  model.push_back(nn::Linear({4, 4, 32}, 128, rng));
  model.push_back(nn::ReLU{});
  model.push_back(nn::Linear(128, 10, rng));
  return model;
}

/// Networks as the recipes of mnist and cifar10 have them.
const std::vector<ImageProblem>& problems() {
  static const std::vector<ImageProblem> all{
      {"one image, 784-128-10",
       {1, 784},
       [](xtape::Rng& rng) {
         return benchmarks::make_model({"", {784, 128, 10}, 1}, rng);
       }},
      {"one image, 784-1024-1024-10",
       {1, 784},
       [](xtape::Rng& rng) {
         return benchmarks::make_model({"", {784, 1024, 1024, 10}, 1}, rng, nn::ReLU{});
       }},
      {"one image, mnist's cnn", {1, 28, 28}, mnist_cnn},
      {"one image, cifar10's 64-128-128",
       {1, 32, 32, 3},
       [](xtape::Rng& rng) {
         return benchmarks::make_image_model({64, 128, 128}, nn::GELU{}, rng);
       }},
  };
  return all;
}

/// Gives BatchNorm the statistics of an untrained network.
void give_statistics(nn::Sequential<float>& model) {
  nn::for_each_buffer(model, [](const nn::ParameterName& name, Array<float>& array) {
    if (name.ends_with("num_batches_tracked")) {
      array.fill(1.F);
    }
  });
}

void write_problem(const std::filesystem::path& folder, const ImageProblem& problem) {
  xtape::Rng rng{1};
  peers::write_images(folder, problem, images, rng);
  auto model = problem.make(rng);
  give_statistics(model);
  nn::save_weights(folder / "weights.safetensors", model, {.pytorch = true});
  const Shape image(problem.images.begin() + 1, problem.images.end());
  nn::save_onnx(folder / "model.onnx", model, image);
}

void write_problems(const std::filesystem::path& folder) {
  peers::write_problems(folder, problems(), write_problem);
}

void solve(const std::filesystem::path& folder, std::size_t threads, double seconds) {
  xtape::set_thread_count(threads);
  const ImageProblem& problem = peers::find_problem(folder, problems());
  auto model = peers::read_model(folder, problem);
  const auto inputs = peers::read_images(folder, problem);
  xtape::Tape tape;
  const xtape::NoGrad guard{tape};
  peers::run(images, seconds, [&](std::size_t i) {
    tape.rewind();
    const Array<float>& logits = model(tape.constant_view(inputs[i])).value();
    double sum = 0;
    for (const float logit : logits.storage()) {
      sum += std::abs(static_cast<double>(logit));
    }
    return static_cast<float>(sum);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return peers::run_peer("peer_xtape_latency", argc, argv, write_problems, solve);
}
