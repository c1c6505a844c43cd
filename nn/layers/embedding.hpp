#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "autograd/ops/indexing.hpp"
#include "autograd/ops/shaping.hpp"
#include "nn/initializers.hpp"

namespace xtape::nn {

/// A table of vectors, one for each word of a vocabulary: weight (words, width).
template <class T = float>
class Embedding {
 public:
  /// Creates a table of `words` vectors of `width` numbers, which `initialize` draws. Throws
  /// ValueError if one of them is 0. Throws ShapeError if the number of weights overflows.
  template <class Initializer = Normal>
  Embedding(std::size_t words, std::size_t width, Rng& rng, Initializer initialize = {1.0}) {
    require<ValueError>(words > 0 && width > 0,
                        "Embedding: expected sizes of at least 1, got {} x {}", words, width);
    resize(weight, Shape{words, width});
    initialize(weight, rng);
  }

  /// Returns the vectors of words, behind their axes: words (batch, time) give (batch, time,
  /// width). The words are whole numbers. No gradient flows to them. Throws ValueError for a number
  /// that is no word of the vocabulary, and ShapeError if the weights were moved from.
  template <NumberOver<T> S>
  Variable<S> operator()(Variable<S> words) const {
    require<ShapeError>(weight.dimension() == 2,
                        "Embedding: expected weights (words, width), got {}", weight.shape());
    const auto numbers = words.tape().template keep<std::int64_t>(words.value().size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const T word = value_of(words.value().data()[i]);
      const bool is_word =
          word >= T(0) && word < static_cast<T>(weight.shape()[0]) && std::floor(word) == word;
      if (!is_word) [[unlikely]] {
        fail<ValueError>("{}: {} at position {} is not a word of the vocabulary", describe(), word,
                         i);
      }
      numbers[i] = static_cast<std::int64_t>(word);
    }
    Shape shape = words.shape();
    shape.push_back(weight.shape()[1]);
    const Variable<S> table = words.tape().parameter(weight);
    return compose(words.tape(), [&] { return reshape(gather(table, numbers), shape); });
  }

  /// Returns the vectors of words that are given as integers of any shape. Throws ValueError for a
  /// number that is no word of the vocabulary.
  template <NumberOver<T> S>
  Variable<S> operator()(Tape<S>& tape, Indices words) const {
    return gather(tape.parameter(weight), words);
  }

  /// Returns the name in tables and errors: "Embedding 1000 x 64".
  std::string describe() const {
    return weight.dimension() == 2
               ? fmt::format("Embedding {} x {}", weight.shape()[0], weight.shape()[1])
               : "Embedding";
  }

  /// Names the parameter: "weight".
  static void visit(auto& self, auto&& f) { f("weight", self.weight); }

  Array<T> weight;  ///< (words, width).
};

}  // namespace xtape::nn
