#include <cstdio>
#include <nn/datasets/mnist.hpp>
#include <nn/onnx/save_onnx.hpp>
#include <nn/report/report.hpp>
#include <string>
#include <xtape.hpp>

namespace nn = xtape::nn;

/// Writes a report and a model to the folder argv[1], and asks for data that are nowhere.
int main(int, char** argv) {
  nn::ConfusionMatrix matrix(2);
  matrix.add(xtape::Array<float>{{1, 0}, {1, 0}}, std::vector<int>{0, 1});
  nn::Report page("Coins");
  page.add(nn::confusion(matrix, {"heads", "tails"}));
  page.add(nn::table({"coin", "grams"}, {{"penny", "3.56"}, {"pound", "8.75"}}));
  page.write(argv[1]);
  xtape::Rng rng{1};
  nn::save_onnx(std::string(argv[1]) + "/model.onnx", nn::Linear(2, 1, rng), {2});
  try {
    nn::mnist({.folder = argv[1], .offline = true});
  } catch (const xtape::Error& error) {
    std::printf("%s\n", error.what());
    return 0;
  }
  return 1;
}
