/// xtape as one of the peers. `peer_xtape --write FOLDER` makes the problems, `peer_xtape FOLDER
/// THREADS SECONDS` solves one.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "benchmarks/nets.hpp"
#include "benchmarks/peers/problem.hpp"

namespace {

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;

/// Random images and labels, and the first weights of the model.
void write_problem(const std::filesystem::path& folder, const benchmarks::Net& net) {
  constexpr std::size_t batches = 32;
  std::filesystem::create_directories(folder);
  std::ofstream spec(folder / "spec.txt");
  spec << net.batch;
  for (const std::size_t width : net.widths) {
    spec << ' ' << width;
  }
  spec << '\n';
  xtape::Rng rng{1};
  std::vector<float> images(batches * net.batch * net.widths.front());
  rng.fill_uniform(std::span<float>(images), 0, 1);
  std::vector<std::uint8_t> labels(batches * net.batch);
  for (std::uint8_t& label : labels) {
    label = static_cast<std::uint8_t>(rng.below(10));
  }
  peers::write_file((folder / "images.f32").string(), images);
  peers::write_file((folder / "labels.u8").string(), labels);
  auto model = benchmarks::make_model(net, rng);
  std::size_t index = 0;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, const Array<float>& array) {
    const std::string name = fmt::format("{}{}.f32", index % 2 == 0 ? "w" : "b", index / 2);
    peers::write_file((folder / name).string(), std::vector<float>(array.begin(), array.end()));
    ++index;
  });
}

void write_problems(const std::filesystem::path& folder) {
  peers::write_problems(folder, benchmarks::nets(), write_problem);
}

void solve(const std::string& folder, std::size_t threads, double seconds) {
  xtape::set_thread_count(threads);
  const peers::Problem problem = peers::read_problem(folder);
  xtape::Rng rng{1};
  auto model = benchmarks::make_model({"", problem.widths, problem.batch}, rng);
  std::size_t index = 0;
  nn::for_each_parameter(model, [&](const nn::ParameterName&, Array<float>& array) {
    const auto& source = index % 2 == 0 ? problem.weights[index / 2] : problem.biases[index / 2];
    std::copy(source.begin(), source.end(), array.data());
    ++index;
  });
  std::vector<Array<float>> batches;
  const std::size_t size = problem.batch * problem.widths.front();
  for (std::size_t i = 0; i < problem.batches(); ++i) {
    batches.emplace_back(Shape{problem.batch, problem.widths.front()});
    std::copy_n(problem.images.data() + i * size, size, batches.back().data());
  }
  const nn::SoftmaxCrossEntropy criterion;
  nn::SGD sgd({.learning_rate = peers::learning_rate});
  xtape::Tape tape;
  peers::run(problem.batches(), seconds, [&](std::size_t batch) {
    const auto labels = std::span(problem.labels).subspan(batch * problem.batch, problem.batch);
    tape.rewind();
    const auto loss = criterion(model(tape.constant_view(batches[batch])), labels);
    tape.backward(loss);
    sgd.step(model, tape);
    return loss.item();
  });
}

}  // namespace

int main(int argc, char** argv) {
  return peers::run_peer("peer_xtape", argc, argv, write_problems, solve);
}
