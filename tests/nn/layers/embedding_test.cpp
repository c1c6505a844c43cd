#include "nn/layers/embedding.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

TEMPLATE_TEST_CASE("Embedding looks words up, as numbers and as indices", "", float, double) {
  using T = TestType;
  Rng rng(1);
  nn::Embedding<T> embedding(3, 2, rng);
  embedding.weight = array_of<T>(Shape{3, 2}, {1, 2, 3, 4, 5, 6});
  Tape<T> tape;
  const auto words = tape.constant(array_of<T>(Shape{1, 2}, {2, 0}));
  const auto y = embedding(words);
  CHECK((y.value() == array_of<T>(Shape{1, 2, 2}, {5, 6, 1, 2})));
  CHECK(
      (embedding(tape, std::vector<int>{2, 2}).value() == array_of<T>(Shape{2, 2}, {5, 6, 5, 6})));
  tape.backward(sum(y));
  CHECK((tape.grad(embedding.weight) == array_of<T>(Shape{3, 2}, {1, 1, 0, 0, 1, 1})));
  CHECK(embedding.describe() == "Embedding 3 x 2");
}

TEST_CASE("Embedding refuses what is no word") {
  Rng rng(1);
  const nn::Embedding<double> embedding(3, 2, rng);
  Tape<double> tape;
  const auto of = [&](double word) { return tape.constant(array_of<double>({0, word})); };
  const auto half = of(0.5), large = of(3), negative = of(-1), nan = of(std::nan(""));
  const std::string end = " at position 1 is not a word of the vocabulary";
  CHECK_REFUSED(tape, embedding(half), ValueError, "Embedding 3 x 2: 0.5" + end);
  CHECK_REFUSED(tape, embedding(large), ValueError, "Embedding 3 x 2: 3" + end);
  CHECK_REFUSED(tape, embedding(negative), ValueError, "Embedding 3 x 2: -1" + end);
  CHECK_REFUSED(tape, embedding(nan), ValueError, "Embedding 3 x 2: nan" + end);
  CHECK_FAILS(nn::Embedding<double>(0, 2, rng), ValueError,
              "Embedding: expected sizes of at least 1, got 0 x 2");
}
