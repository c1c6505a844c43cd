#include "nn/optim/accumulate.hpp"

#include <limits>

#include "nn/select.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using Model = TwoParameters<double>;

TEST_CASE("A GradientAccumulator leaves the weighted mean in the tape, and begins anew", "[nn]") {
  const Model model{{1, 2}, {3, 4, 5}};
  xtape::Tape<double> tape;
  nn::GradientAccumulator<double> gradients;
  CHECK(gradients.empty());
  for (int round = 0; round < 2; ++round) {
    backward_with(tape, model, {{1, 2}, {3, 4, 5}});
    gradients.add(model, tape, 3);
    CHECK_FALSE(gradients.empty());
    backward_with(tape, model, {{5, -2}, {3, 0, 1}});
    gradients.add(model, tape, 1);
    gradients.average(model, tape);
    CHECK(gradients.empty());
    CHECK((tape.grad(model.first) == xtape::Array<double>{2, 1}));
    CHECK((tape.grad(model.second) == xtape::Array<double>{3, 3, 4}));
  }
  gradients.add(model, tape);
  gradients.clear();
  CHECK(gradients.empty());
}

TEST_CASE("A GradientAccumulator refuses a parameter that only some parts freeze", "[nn]") {
  const auto check = [](const Model& model, bool first_frozen) {
    xtape::Tape<double> tape;
    nn::GradientAccumulator<double> gradients;
    const auto record = [&](bool frozen) {
      tape.rewind();
      if (frozen) {
        tape.freeze(model.first);
      }
      tape.backward(sum(tape.parameter(model.first)) + sum(tape.parameter(model.second)));
    };
    for (int round = 0; round < 2; ++round) {
      record(first_frozen);
      gradients.add(model, tape);
      gradients.add(model, tape);
      gradients.average(model, tape);
      record(first_frozen);
      gradients.add(model, tape);
      record(!first_frozen);
      CHECK_THROWS_AS(gradients.add(model, tape), xtape::ShapeError);
      CHECK_THROWS_AS(gradients.average(model, tape), xtape::ShapeError);
      gradients.clear();
    }
  };
  const xtape::Array<double> scalar = 1.0;
  for (const bool first_frozen : {false, true}) {
    check({{1, 2}, {3, 4, 5}}, first_frozen);
    check({scalar, {3, 4, 5}}, first_frozen);
  }
}

namespace {

/// A sum of one part, whose gradients are those of the model's numbers.
struct OnePart {
  const Model model{{1, 2}, {3, 4, 5}};
  xtape::Tape<double> tape;
  nn::GradientAccumulator<double> gradients;

  OnePart() {
    backward_with(tape, model, model);
    gradients.add(model, tape);
  }
};

}  // namespace

TEST_CASE_METHOD(OnePart, "A part that a GradientAccumulator refuses leaves its sum as it is") {
  Model larger{{1, 2}, {3, 4, 5, 6}};  // its first parameter fits
  backward_with(tape, larger, {{7, 8}, {3, 4, 5, 6}});
  CHECK_THROWS_AS(gradients.add(larger, tape), xtape::ShapeError);
  CHECK_THROWS_AS(gradients.average(larger, tape), xtape::ShapeError);
  CHECK(elements(*tape.find_grad(larger.first)) == std::vector<double>{7, 8});
  backward_with(tape, model, Model{{3, 4}, {5, 6, 7}});
  gradients.add(model, tape);
  gradients.average(model, tape);
  CHECK(elements(*tape.find_grad(model.first)) == std::vector<double>{2, 3});
  CHECK(elements(*tape.find_grad(model.second)) == std::vector<double>{4, 5, 6});
}

TEST_CASE_METHOD(OnePart, "A GradientAccumulator refuses a model with fewer parameters") {
  const auto first = nn::select(model, [](const std::string& name) { return name == "first"; });
  CHECK_FAILS(gradients.add(first, tape), xtape::ShapeError,
              "GradientAccumulator: the sum began with a model of 2 parameters, this one has 1");
}

TEST_CASE_METHOD(OnePart, "The mean of a GradientAccumulator leaves out what the tape holds") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  backward_with(tape, model, Model{{nan, nan}, {nan, nan, nan}});  // a part that is left out
  gradients.average(model, tape);
  CHECK(elements(*tape.find_grad(model.first)) == std::vector<double>{1, 2});
  CHECK(elements(*tape.find_grad(model.second)) == std::vector<double>{3, 4, 5});
}

TEST_CASE("A GradientAccumulator says what does not fit", "[nn]") {
  const Model model{{1, 2}, {3, 4, 5}}, other{{1, 2}, {3, 4}};
  xtape::Tape<double> tape;
  nn::GradientAccumulator<double> gradients;
  CHECK_FAILS(gradients.average(model, tape), xtape::ValueError,
              "GradientAccumulator: no gradients were added");
  CHECK_FAILS(gradients.add(model, tape), xtape::TapeError,
              "GradientAccumulator: parameter 'first' (2) has no gradient: Tape::backward has not "
              "been called");
  CHECK(gradients.empty());
  backward_with(tape, model, model);
  CHECK_FAILS(gradients.add(model, tape, 0), xtape::ValueError,
              "GradientAccumulator: expected a weight above 0, got 0");
  xtape::Tape<float> floats;
  const TwoParameters<float> small{{1, 2}, {3, 4, 5}};
  nn::GradientAccumulator<float> sums;
  backward_with(floats, small, small);
  CHECK_FAILS(sums.add(small, floats, 1e-46), xtape::ValueError,
              "GradientAccumulator: expected a weight above 0, got 1e-46");
  CHECK_FAILS(sums.add(small, floats, 1e39), xtape::ValueError,
              "GradientAccumulator: expected a weight above 0, got 1e+39");
  sums.add(small, floats, 3e38);
  CHECK_FAILS(sums.add(small, floats, 3e38), xtape::ValueError,
              "GradientAccumulator: the sum of the weights would be 6e+38");
  gradients.add(model, tape);
  backward_with(tape, other, other);
  CHECK_FAILS(gradients.add(other, tape), xtape::ShapeError,
              "GradientAccumulator: parameter 'second' (2) is not of the model that the sum began "
              "with");
}
