#include "examples/mnist/check_gradients.hpp"

#include <algorithm>

#include "examples/mnist/network.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;

/// At most so many images are checked, so that the proof takes no longer for larger batches.
constexpr std::size_t max_batch = 64, max_batch_of_convolutions = 16;

}  // namespace

by_hand::GradientCheck check_gradients(const Recipe& recipe, std::uint64_t seed,
                                       const nn::Dataset& data, bool verbose) {
  xtape::Rng rng{seed};
  Recipe certain = recipe;
  certain.dropout = 0;  // which would give each loss another network
  auto network = make_network<double>(certain, data.features.shape(), rng);
  const std::size_t most = recipe.filters.empty() ? max_batch : max_batch_of_convolutions;
  return by_hand::check_gradients(network, data, std::min(recipe.batch_size, most), seed, verbose);
}

}  // namespace mnist
