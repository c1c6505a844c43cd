#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>
#include <xtape.hpp>

#include "examples/images/model_file.hpp"

namespace cifar10 {

/// The classes, and the shape of an image.
///@{
inline constexpr std::size_t classes = 10;
inline constexpr std::size_t side = 32, colours = 3;
///@}

/// The first layer: y = conv2d(x, weight) with windows that are not trained.
template <class T>
class Stem {
 public:
  /// Takes windows (rows, columns, colours, channels).
  explicit Stem(const xtape::Array<float>& windows) : weight(windows) {}

  xtape::Variable<T> operator()(xtape::Variable<T> x) const {
    return conv2d(x, x.tape().constant_view(weight));
  }

  std::string describe() const {
    const xtape::Shape& shape = weight.shape();
    return fmt::format("Stem {} -> {}, {} x {}", shape[2], shape[3], shape[0], shape[1]);
  }

  static void visit(auto& self, auto&& f) { f.buffer("weight", self.weight); }

  xtape::Array<T> weight;  ///< A buffer: saved, not trained.
};

/// The windows of the stem, and what they make of a colour image.
///@{
inline constexpr std::size_t stem_kernel = 2, stem_channels = 24;
///@}

/// Returns the layer that takes the mean and the deviation of each colour of CIFAR-10's training
/// images.
template <class T>
xtape::nn::Standardize<T> standardize() {
  return {{0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}};
}

/// Returns a network of airbench's form (Jordan, arXiv:2404.00498): standardize(), the
/// stem and GELU. Then for each width a convolution, a pool that halves the image,
/// batch norm, GELU, a convolution, batch norm, GELU. Then a pool of all that is left, and Linear
/// to the logits, of a ninth of its input. Throws ValueError if there are too many widths.
template <class T>
xtape::nn::Sequential<T> make_network(const std::vector<std::size_t>& widths,
                                      const xtape::nn::Layer<T>& stem, xtape::Rng& rng);

/// Returns the name of the bias of Linear in a network of so many widths.
std::string bias_of_linear(std::size_t widths);

/// Reads a file of images::save_model() with such a network. Throws DataError, with the name of the
/// file, if it holds none.
images::Model load_model(const std::filesystem::path& path);

}  // namespace cifar10
