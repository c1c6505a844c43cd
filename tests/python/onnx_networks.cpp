#include "examples/cifar10/network.hpp"
#include "examples/cifar10/recipes.hpp"
#include "examples/cifar10/subject.hpp"
#include "examples/images/subject.hpp"
#include "examples/mnist/network.hpp"
#include "tests/python/onnx_cases.hpp"

namespace onnx_cases {

void write_networks(const std::filesystem::path& folder) {
  const Writer<float> write(folder);
  xtape::Rng rng{1};
  for (const mnist::Recipe& recipe : mnist::recipes()) {
    const Shape image{28, 28};
    write("mnist " + recipe.name, mnist::make_network<float>(recipe, image, rng), image);
  }
  for (const cifar10::Recipe& recipe : cifar10::recipes()) {
    Array<float> windows(Shape{cifar10::stem_kernel, cifar10::stem_kernel, cifar10::colours,
                               cifar10::stem_channels});
    nn::HeNormal{}(windows, rng);
    const auto network =
        cifar10::make_network<float>(recipe.widths, cifar10::Stem<float>(windows), rng);
    write("cifar10 " + recipe.name, network, Shape{cifar10::side, cifar10::side, cifar10::colours});
  }
}

}  // namespace onnx_cases
