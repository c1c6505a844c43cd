#include "nn/layers/residual.hpp"

#include "autograd/check/gradcheck.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/batch_norm.hpp"
#include "nn/layers/linear.hpp"
#include "nn/statistics.hpp"
#include "nn/table.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;

TEST_CASE("Residual adds its input, or a projection of it") {
  xtape::Rng rng;
  Tape<float> tape;
  const auto x = tape.constant(random_normal<float>({4, 3}, rng));
  const nn::Linear first(3, 3, rng), second(3, 2, rng), projection(3, 2, rng);
  const nn::Residual same{first, nn::Tanh{}};
  CHECK((same(x).value() == (x + tanh(first(x))).value()));
  const auto projected = nn::Residual{first, second}.with_shortcut(projection);
  CHECK((projected(x).value() == (projection(x) + second(first(x))).value()));
  CHECK(parameter_names_of(projected) ==
        std::vector<std::string>{"body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias",
                                 "shortcut.0.weight", "shortcut.0.bias"});
  const nn::Residual one{nn::Tanh{}};
  CHECK((one(x).value() == (x + tanh(x)).value()));
}

TEST_CASE("Residual does not broadcast, and names both shapes") {
  xtape::Rng rng;
  const nn::Sequential model{nn::Linear(2, 3, rng), nn::Residual{nn::Linear(3, 1, rng)}};
  Tape<float> tape;
  CHECK_FAILS(model(tape.constant(Array<float>(Shape{4, 2}, 1.f))), xtape::ShapeError,
              "layer 1 (Residual of 1): the layers make (4, 1) of (4, 3), and the shortcut (4, 3)");
}

TEST_CASE("Residual is a row of tables for each layer within, and passes statistics on") {
  xtape::Rng rng;
  nn::Residual model{nn::Linear(3, 3, rng), nn::BatchNorm(3)};
  const std::string table = nn::table(model);
  CHECK(table.find("body.0") != std::string::npos);
  CHECK(table.find("body.1") != std::string::npos);
  CHECK(nn::Sequential{model}.table(Shape{3}).find("Residual of 2") != std::string::npos);
  Tape<float> tape;
  model(tape.constant(random_normal<float>({4, 3}, rng)));
  nn::update_statistics(model, tape);
  CHECK(model.body.get<nn::BatchNorm<float>>(1).batches() == 1);
}
