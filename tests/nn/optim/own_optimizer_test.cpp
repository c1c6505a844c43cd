#include <span>

#include "nn/optim/optimizer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Tape;
using xtape::TapeError;
using Model = TwoParameters<double>;

namespace {

const Model of_model{{1, -2}, {0.5, 0.25, 8}};

/// An optimizer of one's own: w -= sign(g) times a rate that is the number of the step.
class SignDescent : public nn::Optimizer<double> {
 public:
  SignDescent() : Optimizer("SignDescent") {}

 private:
  const nn::LearningRate& rate() const override { return rate_; }
  std::size_t prepare() const override { return 0; }
  void update(Array<double>& w, const Array<double>& g, std::span<Array<double>> state,
              double learning_rate, double) override {
    REQUIRE(state.empty());
    for (std::size_t i = 0; i < w.size(); ++i) {
      w.data()[i] -= (g.data()[i] > 0 ? 1.0 : -1.0) * learning_rate;
    }
  }

  nn::LearningRate rate_ = [](std::size_t step) { return static_cast<double>(step + 1); };
};

/// An optimizer whose state_count() changes.
struct Fickle : nn::Optimizer<double> {
  Fickle() : Optimizer("Fickle") {}
  std::size_t wanted = 1;

 private:
  const nn::LearningRate& rate() const override { return rate_; }
  std::size_t prepare() const override { return wanted; }
  void update(Array<double>&, const Array<double>&, std::span<Array<double>> state, double,
              double) override {
    state[wanted - 1].fill(1);
  }

  nn::LearningRate rate_ = 1;
};

}  // namespace

TEST_CASE("A user's own optimizer defines three functions", "[nn]") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  SignDescent optimizer;
  CHECK_FAILS(optimizer.step(model, tape), TapeError,
              "SignDescent: parameter 'first' (2) has no gradient: Tape::backward has not been "
              "called");
  backward_with(tape, model, of_model);
  optimizer.step(model, tape);
  optimizer.step(model, tape);
  CHECK((model.first == Array<double>{-2, 5}));
  CHECK((model.second == Array<double>{0, 1, 2}));
}

TEST_CASE("An optimizer that wants more state than it began with says so") {
  Model model{{1, 2}, {3, 4, 5}};
  Tape<double> tape;
  backward_with(tape, model, of_model);
  Fickle optimizer;
  optimizer.step(model, tape);
  optimizer.wanted = 2;
  CHECK_FAILS(optimizer.step(model, tape), TapeError,
              "Fickle: the options want 2 arrays of state for each parameter, but this optimizer "
              "began with 1; use a new optimizer or reset()");
  CHECK(optimizer.steps() == 1);
}
