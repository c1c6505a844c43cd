/// xtape as a peer on networks of images. `peer_xtape_images --write FOLDER` makes the problems,
/// `peer_xtape_images FOLDER THREADS SECONDS` solves one.

#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/nets.hpp"
#include "benchmarks/peers/image_problem.hpp"

namespace {

namespace nn = xtape::nn;
using peers::ImageProblem;

constexpr std::size_t batches = 4;
constexpr int traced = 5;
constexpr float learning_rate = 0.001f;  // small: batch norm amplifies differences in rounding

/// LeNet: two convolutions of 5 x 5 windows, two linear layers.
nn::Sequential<float> lenet(xtape::Rng& rng) {
  return nn::Sequential<float>{nn::Conv2d(1, 16, 5, rng),
                               nn::ReLU{},
                               nn::MaxPool2d(2),
                               nn::Conv2d(16, 32, 5, rng),
                               nn::ReLU{},
                               nn::MaxPool2d(2),
                               nn::Flatten{},
                               nn::Linear({4, 4, 32}, 128, rng),
                               nn::ReLU{},
                               nn::Linear(128, 10, rng)};
}

nn::Sequential<float> widths_64_128_128(xtape::Rng& rng) {
  return benchmarks::make_image_model({64, 128, 128}, nn::ReLU{}, rng);
}

/// A single convolution of 3 x 3 windows. Its loss is the sum of its results, and the images have a
/// gradient, too.
template <std::size_t in, std::size_t out>
nn::Sequential<float> convolution(xtape::Rng& rng) {
  return nn::Sequential<float>{nn::Conv2d(in, out, 3, rng, {.padding = 1, .bias = false})};
}

const std::vector<ImageProblem>& problems() {
  static const std::vector<ImageProblem> all{
      {"LeNet", {128, 28, 28, 1}, lenet},
      {"64-128-128", {256, 32, 32, 3}, widths_64_128_128},
      {"conv 64 to 128, 16 x 16", {128, 16, 16, 64}, convolution<64, 128>},
      {"conv 128 to 256, 8 x 8", {128, 8, 8, 128}, convolution<128, 256>},
      {"conv 256 to 256, 8 x 8", {128, 8, 8, 256}, convolution<256, 256>},
  };
  return all;
}

/// Random images and labels, and the first weights in PyTorch's order.
void write_problem(const std::filesystem::path& folder, const ImageProblem& problem) {
  xtape::Rng rng{1};
  peers::write_images(folder, problem, batches, rng);
  std::vector<std::uint8_t> labels(batches * problem.images[0]);
  for (std::uint8_t& label : labels) {
    label = static_cast<std::uint8_t>(rng.below(10));
  }
  peers::write_file((folder / "labels.u8").string(), labels);
  nn::save_weights(folder / "weights.safetensors", problem.make(rng), {.pytorch = true});
}

void write_problems(const std::filesystem::path& folder) {
  peers::write_problems(folder, problems(), write_problem);
}

void solve(const std::filesystem::path& folder, std::size_t threads, double seconds) {
  xtape::set_thread_count(threads);
  const ImageProblem& problem = peers::find_problem(folder, problems());
  auto model = peers::read_model(folder, problem);
  const auto images = peers::read_images(folder, problem);
  const auto all_labels = peers::read_file<std::uint8_t>((folder / "labels.u8").string());
  const nn::SoftmaxCrossEntropy criterion;
  nn::SGD sgd({.learning_rate = learning_rate});
  xtape::Tape tape;
  const bool single = model.size() == 1;
  const auto step = [&](std::size_t batch) {
    const auto labels = std::span(all_labels).subspan(batch * problem.images[0], problem.images[0]);
    tape.rewind();
    const auto loss = single ? sum(model(tape.parameter(images[batch])))
                             : criterion(model(tape.constant_view(images[batch])), labels);
    tape.backward(loss);
    if (!single) {
      sgd.step(model, tape);
      nn::update_statistics(model, tape);
    }
    return loss.item();
  };
  peers::run(batches, seconds, step, traced);
}

}  // namespace

int main(int argc, char** argv) {
  return peers::run_peer("peer_xtape_images", argc, argv, write_problems, solve);
}
