/// The output of a network for one image, in xtape. `peer_xtape_latency --write FOLDER` makes the
/// problems, with the networks as ONNX files and as weights for PyTorch. `peer_xtape_latency FOLDER
/// THREADS SECONDS` solves one.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "benchmarks/peers/problem.hpp"
#include "nn/onnx/save_onnx.hpp"
#include "xtape.hpp"

namespace {

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

constexpr std::size_t images = 64;

/// A network, as the recipes of mnist and cifar10 have it. peer_pytorch_latency.py builds the same
/// by its name.
struct Problem {
  std::string name;
  Shape image;
  nn::Sequential<float> (*make)(xtape::Rng& rng);
};

nn::Sequential<float> dense(const std::vector<std::size_t>& widths, const nn::Layer<float>& layer,
                            xtape::Rng& rng) {
  nn::Sequential<float> model;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    model.push_back(nn::Linear(widths[i], widths[i + 1], rng));
    if (i + 2 < widths.size()) {
      model.push_back(layer);
    }
  }
  return model;
}

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

nn::Sequential<float> widths_64_128_128(xtape::Rng& rng) {
  nn::Sequential<float> model{nn::Conv2d(3, 24, 2, rng), nn::GELU{}};
  std::size_t in = 24;
  for (const std::size_t out : {64UL, 128UL, 128UL}) {
    model.push_back(nn::Conv2d(in, out, 3, rng, {.padding = 1, .bias = false}));
    model.push_back(nn::MaxPool2d(2));
    model.push_back(nn::BatchNorm(out));
    model.push_back(nn::GELU{});
    model.push_back(nn::Conv2d(out, out, 3, rng, {.padding = 1, .bias = false}));
    model.push_back(nn::BatchNorm(out));
    model.push_back(nn::GELU{});
    in = out;
  }
  model.push_back(nn::MaxPool2d(3));
  model.push_back(nn::Flatten{});
  model.push_back(nn::Linear(in, 10, rng));
  return model;
}

const std::vector<Problem>& problems() {
  static const std::vector<Problem> all{
      {"one image, 784-128-10",
       {784},
       [](xtape::Rng& rng) {
         return dense({784, 128, 10}, nn::Sigmoid{}, rng);
       }},
      {"one image, 784-1024-1024-10",
       {784},
       [](xtape::Rng& rng) {
         return dense({784, 1024, 1024, 10}, nn::ReLU{}, rng);
       }},
      {"one image, mnist's cnn", {28, 28}, mnist_cnn},
      {"one image, cifar10's 64-128-128", {32, 32, 3}, widths_64_128_128},
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

void write_problem(const std::filesystem::path& folder, const Problem& problem) {
  std::filesystem::create_directories(folder);
  std::ofstream spec(folder / "spec.txt");
  spec << problem.name << '\n';
  for (const std::size_t extent : problem.image) {
    spec << extent << ' ';
  }
  spec << '\n';
  xtape::Rng rng{1};
  std::vector<float> numbers(images * xtape::element_count(problem.image));
  rng.fill_uniform(std::span<float>(numbers), 0, 1);
  peers::write_file((folder / "images.f32").string(), numbers);
  auto model = problem.make(rng);
  give_statistics(model);
  nn::save_weights(folder / "weights.safetensors", model, {.pytorch = true});
  nn::save_onnx(folder / "model.onnx", model, problem.image);
}

void write_problems(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream names(folder / "names.txt");
  for (std::size_t i = 0; i < problems().size(); ++i) {
    write_problem(folder / std::to_string(i), problems()[i]);
    names << problems()[i].name << '\n';
  }
}

void solve(const std::filesystem::path& folder, std::size_t threads, double seconds) {
  xtape::set_thread_count(threads);
  std::string name;
  std::getline(std::ifstream(folder / "spec.txt"), name);
  const auto problem = std::find_if(problems().begin(), problems().end(),
                                    [&](const Problem& each) { return each.name == name; });
  xtape::require<xtape::DataError>(problem != problems().end(), "no problem '{}'", name);
  xtape::Rng rng{1};
  auto model = problem->make(rng);
  nn::load_weights(folder / "weights.safetensors", model, {.pytorch = true});
  const auto numbers = peers::read_file<float>((folder / "images.f32").string());
  Shape shape{1};
  shape.insert(shape.end(), problem->image.begin(), problem->image.end());
  std::vector<Array<float>> inputs;
  for (std::size_t i = 0; i < images; ++i) {
    inputs.emplace_back(shape);
    std::copy_n(numbers.data() + i * inputs[i].size(), inputs[i].size(), inputs[i].data());
  }
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
