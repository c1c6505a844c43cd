/// xtape as a peer on layers of sequences. `peer_xtape_sequences --write FOLDER` makes the
/// problems, `peer_xtape_sequences FOLDER THREADS SECONDS` solves one.

#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/peers/image_problem.hpp"

namespace {

namespace nn = xtape::nn;
using peers::ImageProblem;

constexpr std::size_t batches = 4;
constexpr int traced = 5;

/// A block of a language model.
nn::Sequential<float> block(xtape::Rng& rng) {
  return nn::Sequential<float>{nn::TransformerBlock<float>(
      128, 4, rng, {.causal = true, .norm_first = true, .activation = nn::FeedForward::gelu})};
}

template <class Layer>
nn::Sequential<float> recurrent(xtape::Rng& rng) {
  return nn::Sequential<float>{Layer(64, 128, rng)};
}

const std::vector<ImageProblem>& problems() {
  static const std::vector<ImageProblem> all{
      {"transformer block, 32 x 128 x 128", {32, 128, 128}, block},
      {"LSTM 64 to 128, 32 x 64", {32, 64, 64}, recurrent<nn::LSTM<float>>},
      {"GRU 64 to 128, 32 x 64", {32, 64, 64}, recurrent<nn::GRU<float>>},
  };
  return all;
}

/// Random sequences, and the first weights in PyTorch's order.
void write_problem(const std::filesystem::path& folder, const ImageProblem& problem) {
  xtape::Rng rng{1};
  peers::write_images(folder, problem, batches, rng);
  nn::save_weights(folder / "weights.safetensors", problem.make(rng), {.pytorch = true});
}

void write_problems(const std::filesystem::path& folder) {
  peers::write_problems(folder, problems(), write_problem);
}

void solve(const std::filesystem::path& folder, std::size_t threads, double seconds) {
  xtape::set_thread_count(threads);
  const ImageProblem& problem = peers::find_problem(folder, problems());
  auto model = peers::read_model(folder, problem);
  const auto sequences = peers::read_images(folder, problem);
  nn::SGD sgd({.learning_rate = 0.1});
  xtape::Tape tape;
  const auto step = [&](std::size_t batch) {
    tape.rewind();
    const auto loss = mean(square(model(tape.constant_view(sequences[batch]))));
    tape.backward(loss);
    sgd.step(model, tape);
    return loss.item();
  };
  peers::run(batches, seconds, step, traced);
}

}  // namespace

int main(int argc, char** argv) {
  return peers::run_peer("peer_xtape_sequences", argc, argv, write_problems, solve);
}
