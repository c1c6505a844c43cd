#include "examples/mnist/model_file.hpp"

#include "autograd/no_grad.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using fuzz::expect;

namespace {

/// What the network says of a black image.
std::string answer(const images::Model& model) {
  xtape::Tape tape;
  const xtape::NoGrad guard{tape};
  const xtape::Array<float> image(xtape::Shape{1, model.features}, 0.0f);
  const auto output = model.network(tape.constant(image));
  expect(xtape::same_shape(output.shape(), xtape::Shape{1, model.class_names.size()}),
         "there is a name for each output");
  return fuzz::bits(output.value().storage());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::input_file(data, size);
  images::Model model;
  if (!fuzz::accepts(path, [&] { model = mnist::load_model(path); })) {
    return 0;
  }
  const fs::path copy = fuzz::folder() / "again";
  images::save_model(copy, model);
  const images::Model again = mnist::load_model(copy);
  expect(again.facts == model.facts && again.class_names == model.class_names &&
             again.network.size() == model.network.size() && again.features == model.features,
         "a model comes back as it was");
  expect(answer(again) == answer(model), "a network comes back bit by bit");
  return 0;
}
