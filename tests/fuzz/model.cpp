#include "autograd/no_grad.hpp"
#include "examples/cifar10/network.hpp"
#include "examples/mnist/model_file.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/right_checksum.hpp"

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using fuzz::expect;
using xtape::Shape;

namespace {

/// Returns the output of a network for a black image.
std::string answer(const images::Model& model, const Shape& image) {
  xtape::Tape tape;
  const xtape::NoGrad guard{tape};
  const auto output = model.network(tape.constant(xtape::Array<float>(image, 0.0f)));
  expect(xtape::same_shape(output.shape(), Shape{1, model.class_names.size()}),
         "there is a name for each output");
  return fuzz::bits(output.value().storage());
}

/// Reads a file as a program does. If the program accepts it, writes the model and reads it again.
void read_as(images::Model (*load_model)(const fs::path&), const fs::path& path,
             Shape (*image_of)(const images::Model&)) {
  images::Model model;
  if (!fuzz::accepts(path, [&] { model = load_model(path); })) {
    return;
  }
  const fs::path copy = fuzz::folder() / "again";
  images::save_model(copy, model);
  const images::Model again = load_model(copy);
  expect(again.facts == model.facts && again.class_names == model.class_names &&
             again.network.size() == model.network.size() && again.image == model.image,
         "a model comes back as it was");
  expect(answer(again, image_of(again)) == answer(model, image_of(model)),
         "a network comes back bit by bit");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fs::path path = fuzz::input_file(data, size);
  fuzz::accepts(path, [&] { mnist::load_model(path); });
  fuzz::set_right_checksum(path);
  read_as(mnist::load_model, path, [](const images::Model& model) {
    return Shape{1, model.features()};
  });
  read_as(cifar10::load_model, path, [](const images::Model& /*model*/) {
    return Shape{1, cifar10::side, cifar10::side, cifar10::colours};
  });
  return 0;
}
