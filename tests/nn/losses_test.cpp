#include "nn/losses.hpp"

#include <cstdint>
#include <vector>

#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

TEST_CASE("nn::SoftmaxCrossEntropy hands its options to the op, for labels, bytes and targets") {
  const nn::SoftmaxCrossEntropy criterion{.reduction = Reduction::sum, .label_smoothing = 0.3};
  Tape<double> tape;
  const auto z = tape.variable(array_of<double>(Shape{2, 3}, {1, 2, 3, 6, 5, 4}));
  const double expected = softmax_cross_entropy(z, {2, 1}, Reduction::sum, 0.3).item();
  CHECK(expected != softmax_cross_entropy(z, {2, 1}, Reduction::sum).item());
  CHECK(criterion(z, {2, 1}).item() == expected);
  const auto targets = tape.constant(array_of<double>(Shape{2, 3}, {0, 0, 1, 0, 1, 0}));
  CHECK(criterion(z, targets).item() == Approx(expected).epsilon(1e-14));
  const nn::Dataset data{nn::Samples(std::vector<float>{0, 0}),
                         nn::Samples(std::vector<std::uint8_t>{2, 1})};
  for (const nn::Batch& batch : nn::Batches(data, 2)) {
    CHECK(criterion(z, batch.targets).item() == expected);
  }
}
