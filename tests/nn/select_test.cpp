#include "nn/select.hpp"

#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "autograd/no_grad.hpp"
#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/reductions.hpp"
#include "nn/freeze.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/linear.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/sequential.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::TapeError;
using xtape::ValueError;

namespace {

using Names = std::vector<std::string>;

/// A model of one's own with a body, whose layers are behind type erasure, and a head.
struct Net {
  explicit Net(std::uint64_t seed = 1) : Net(xtape::Rng{seed}) {}
  explicit Net(xtape::Rng rng) : body{nn::Linear(3, 4, rng), Centred<float>{4}}, head(4, 2, rng) {}

  nn::Sequential<float> body;
  nn::Linear<float> head;

  const Array<float>& first_weight() const { return body.get<nn::Linear<float>>(0).weight; }

  xtape::Variable<float> operator()(xtape::Variable<float> x) const { return head(body(x)); }
  static void visit(auto& self, auto&& f) { f("body", self.body), f("head", self.head); }
};

bool is_head(std::string_view name) { return name.starts_with("head."); }
bool is_body(std::string_view name) { return !is_head(name); }
bool is_bias(const std::string& name) { return name.ends_with("bias"); }

template <class Model>
Names names(Model&& model) {
  Names all;
  nn::for_each_array(model, [&](const nn::ParameterName& name, const auto&) {
    all.push_back((name.is_buffer() ? "buffer " : "") + name.str());
  });
  return all;
}

/// Records a loss that depends on all parameters, and its gradients.
void backward(const Net& model, xtape::Tape<float>& tape) {
  static const Array<float> x{{1, 2, 3}, {4, 5, 6}};
  const auto y = model(tape.constant(x));
  tape.backward(sum(y * y));
}

}  // namespace

TEST_CASE("A selection is the chosen arrays of the model, under their names", "[nn]") {
  Net model;
  CHECK(names(nn::select(model, is_head)) == Names{"head.weight", "head.bias"});
  CHECK(names(nn::select(model, is_bias)) == Names{"body.0.bias", "head.bias"});
  CHECK(names(nn::select(model, is_body)) ==
        Names{"body.0.weight", "body.0.bias", "body.1.gain", "buffer body.1.running_mean"});
  const auto matrices =
      nn::select(model, [](std::string_view, const auto& array) { return array.dimension() == 2; });
  CHECK(names(matrices) == Names{"body.0.weight", "head.weight"});
  CHECK(nn::parameter_count(matrices) == 3 * 4 + 4 * 2);
  nn::for_each_parameter(matrices, [&](const nn::ParameterName& name, auto& array) {
    static_assert(
        std::is_same_v<decltype(array), Array<float>&>);  // a const view, not a const part
    CHECK(name.transposed_in_pytorch());
    array.fill(7);
  });
  CHECK(model.head.weight(0, 0) == 7);  // no copy
  CHECK(model.head.bias(0) == 0);

  const Net& constant = model;
  nn::for_each_parameter(nn::select(constant, is_head), [](const auto&, auto& array) {
    static_assert(std::is_same_v<decltype(array), const Array<float>&>);
  });
}

TEST_CASE("A part of a part, and a part of a Sequential, are parts", "[nn]") {
  Net model;
  const auto head = nn::select(model, is_head);
  CHECK(names(nn::select(head, is_bias)) == Names{"head.bias"});
  CHECK(names(nn::select(model.body, [](auto name) { return name.starts_with("0."); })) ==
        Names{"0.weight", "0.bias"});
  CHECK(nn::parameter_count(nn::select(head, is_bias)) == 2);
  CHECK(nn::table(nn::select(head, is_bias)) ==
        nn::table(nn::select(model, [](auto name) { return name == "head.bias"; })));
  const std::vector both{nn::select(model, is_head), nn::select(model, is_bias)};
  const std::string rows = nn::table(both);
  CHECK(rows.find("0.head") != std::string::npos);
  CHECK(rows.find("1.body.0") != std::string::npos);
}

TEST_CASE("A selection of nothing is an error that lists what there is", "[nn]") {
  Net model;
  const auto misspelt = [](std::string_view name) { return name == "haed.bias"; };
  CHECK_FAILS(nn::select(model, misspelt), ValueError,
              "select: the predicate chose none of the model's 6 arrays: body.0.weight, "
              "body.0.bias, body.1.gain, body.1.running_mean, head.weight, head.bias");
  const nn::Sigmoid nothing;
  CHECK_FAILS(nn::select(nothing, [](auto) { return true; }), ValueError,
              "select: the predicate chose none of the model's 0 arrays");
  const std::vector<Net> many(3);
  CHECK(message_of([&] {
          (void)nn::select(many, misspelt);
        }).ends_with("1.body.1.running_mean, ..."));
}

TEST_CASE("A selection does not outlive a change of the model's layers", "[nn]") {
  Net model;
  const auto head = nn::select(model, is_head);
  xtape::Rng rng{1};
  model.body.push_back(nn::Linear(4, 4, rng));
  CHECK_FAILS(names(head), ValueError,
              "select: the model had 6 arrays when the selection was made, and has another number "
              "now; select again");
  Net smaller;
  const auto all = nn::select(smaller, [](auto) { return true; });
  smaller.body = nn::Sequential<float>{};
  CHECK_THROWS_AS(names(all), ValueError);
}

TEST_CASE("An optimizer trains the selected part alone", "[nn]") {
  Net model, whole;
  const Net before;
  xtape::Tape tape;
  nn::SGD<float> sgd({.learning_rate = 0.01, .momentum = 0.9}), all({.learning_rate = 0.01});
  backward(model, tape);
  sgd.step(nn::select(model, is_head), tape);
  CHECK((model.first_weight() == before.first_weight()));
  tape.rewind();
  backward(whole, tape);
  all.step(whole, tape);
  CHECK((model.head.weight == whole.head.weight));  // the same step as in the whole model
  CHECK_FALSE((model.head.weight == before.head.weight));
  CHECK(sgd.parameters() == std::vector<const Array<float>*>{&model.head.weight, &model.head.bias});

  tape.rewind();
  backward(model, tape);
  CHECK_THROWS_AS(sgd.step(model, tape), TapeError);
  CHECK_FAILS(sgd.step(nn::select(model, is_bias), tape), TapeError,
              "SGD: this optimizer began with another model (parameter 'body.0.bias' (4) is not "
              "the one it knows); use a new optimizer or reset()");
  const auto one = nn::select(model, [](auto name) { return name == "head.weight"; });
  CHECK_FAILS(sgd.step(one, tape), TapeError,
              "SGD: this optimizer began with another model (2 parameters, this one has 1); use a "
              "new optimizer or reset()");
}

TEST_CASE("Steps with a selection that is kept allocate nothing", "[nn]") {
  Net model;
  const auto head = nn::select(model, is_head);
  const auto body = nn::select(model, is_body);
  nn::Adam<float> adam;
  xtape::Tape tape;
  const auto step = [&] {
    tape.rewind();
    nn::freeze(body, tape);
    backward(model, tape);
    nn::clip_grad_norm(head, tape, 1.0);
    adam.step(head, tape);
  };
  for (int i = 0; i < 3; ++i) {
    step();
  }
  const std::size_t before = allocation_count();
  step();
  CHECK(allocation_count() == before);  // 0 == 0 where a sanitizer counts itself
}

TEST_CASE("clip_grad_norm measures the selected part", "[nn]") {
  Net model;
  xtape::Tape tape;
  backward(model, tape);
  double squares = 0;
  for (const float each : tape.grad(model.head.bias)) {
    squares += static_cast<double>(each * each);
  }
  const auto bias = nn::select(model, [](auto name) { return name == "head.bias"; });
  CHECK(nn::clip_grad_norm(bias, tape, 1e9) == Approx(std::sqrt(squares)));
}

TEST_CASE("Weights of a part are saved and loaded alone", "[nn]") {
  const TemporaryFolder folder;
  Net model, other(2);
  nn::save_weights(folder / "head", nn::select(model, is_head));
  CHECK(nn::SafetensorsFile(folder / "head").tensors().size() == 2);
  const Array<float> body = other.first_weight();
  const auto kept = nn::select(other, is_head);
  nn::load_weights(folder / "head", kept);
  other.head.weight.fill(0);
  nn::load_weights(folder / "head", nn::select(other, is_head));
  CHECK((other.head.weight == model.head.weight));
  CHECK((other.first_weight() == body));
  CHECK_THROWS_AS(nn::load_weights(folder / "head", other), xtape::DataError);
}

TEST_CASE("A frozen part gets no gradient, and gradients flow through it", "[nn]") {
  Net model;
  xtape::Tape tape;
  const auto body = nn::select(model, is_body);
  nn::freeze(body, tape);
  const auto features = model.body(tape.constant(Array<float>{{1, 2, 3}}));
  CHECK_FALSE(features.needs_grad());  // backward stops at the head
  tape.backward(sum(model.head(features)));
  CHECK(tape.find_grad(model.head.weight) != nullptr);
  CHECK(tape.find_grad(model.first_weight()) == nullptr);
  const Net before;
  nn::SGD sgd;
  sgd.step(model, tape);
  CHECK((model.first_weight() == before.first_weight()));
  CHECK_FALSE((model.head.weight == before.head.weight));

  tape.rewind();  // which also ends the freezing
  nn::freeze(nn::select(model, is_head), tape);
  backward(model, tape);
  CHECK(tape.find_grad(model.head.weight) == nullptr);
  CHECK(tape.find_grad(model.first_weight()) != nullptr);
  tape.rewind();
  backward(model, tape);
  CHECK(tape.find_grad(model.head.weight) != nullptr);
}

TEST_CASE("A parameter that is differentiated already cannot be frozen", "[nn]") {
  Net model;
  xtape::Tape tape;
  {
    const xtape::NoGrad guard{tape};
    (void)tape.parameter(model.head.bias);
  }
  const auto frozen = tape.freeze(model.head.bias);
  CHECK(frozen.op() == std::string("frozen"));
  CHECK_FALSE(tape.parameter(model.head.bias).needs_grad());
  CHECK(tape.is_frozen(model.head.bias));
  CHECK_FALSE(tape.is_frozen(model.head.weight));
  (void)tape.parameter(model.head.weight);
  CHECK_THROWS_AS(nn::freeze(model, tape), TapeError);
  CHECK_FAILS(tape.freeze(model.head.weight), TapeError,
              "freeze: a parameter (4, 2) is differentiated by this recording already; freeze it "
              "after rewind() and before the model is called");
  CHECK_FALSE(tape.is_frozen(model.head.weight));
}
