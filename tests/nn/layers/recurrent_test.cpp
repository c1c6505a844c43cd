#include "nn/layers/recurrent.hpp"

#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/module.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/evaluate.hpp"

using namespace xtape;

namespace {

using V = Variable<double>;

/// A layer, its input and its state, as PyTorch computed them.
template <class Layer>
struct Trace {
  const nlohmann::json& answer;
  Layer layer;
  Tape<double> tape{};
  V x{};
  std::vector<V> state{};

  Trace(const char* name, Layer made)
      : answer(oracle::read("recurrent.json").at(name)), layer(std::move(made)) {
    std::size_t i = 0;
    nn::for_each_parameter(layer, [&](const nn::ParameterName& parameter, Array<double>& array) {
      CHECK(parameter.str() == answer.at("names").at(i).get<std::string>());
      array = oracle::array_from(answer.at("parameters").at(i++));
    });
    x = tape.variable(oracle::array_from(answer.at("x")));
    for (const auto& each : answer.at("state")) {
      state.push_back(tape.variable(oracle::array_from(each)));
    }
  }

  void compare(const Array<double>& computed, const nlohmann::json& expected) const {
    CHECK(oracle::difference(computed, oracle::array_from(expected), 1e-12, false) == "");
  }

  /// Compares the results, and the gradients of their weighted sum.
  void check(V y, const std::vector<V>& last) {
    std::vector<V> results{y};
    results.insert(results.end(), last.begin(), last.end());
    compare(y.value(), answer.at("y"));
    V loss = sum(y * tape.constant(oracle::array_from(answer.at("weights").at(0))));
    for (std::size_t i = 0; i < last.size(); ++i) {
      compare(last[i].value(), answer.at("last").at(i));
      loss =
          loss + sum(last[i] * tape.constant(oracle::array_from(answer.at("weights").at(i + 1))));
    }
    tape.backward(loss);
    compare(x.grad(), answer.at("x_grad"));
    for (std::size_t i = 0; i < state.size(); ++i) {
      compare(state[i].grad(), answer.at("state_grads").at(i));
    }
    std::size_t i = 0;
    nn::for_each_parameter(layer, [&](const nn::ParameterName&, const Array<double>& array) {
      compare(tape.grad(array), answer.at("grads").at(i++));
    });
  }
};

}  // namespace

TEST_CASE("LSTM computes what PyTorch does, and its gradients") {
  Rng rng(1);
  Trace trace("lstm", nn::LSTM<double>(3, 5, rng));
  nn::LSTMState<double> state{trace.state[0], trace.state[1]};
  const V y = trace.layer(trace.x, state);
  trace.check(y, {state.hidden, state.cell});
}

TEST_CASE("GRU computes what PyTorch does, and its gradients") {
  Rng rng(1);
  Trace trace("gru", nn::GRU<double>(3, 5, rng));
  V state = trace.state[0];
  const V y = trace.layer(trace.x, state);
  trace.check(y, {state});
}

TEMPLATE_TEST_CASE("recurrent layers begin with the state 0", "", float, double) {
  using T = TestType;
  Rng rng(1);
  const nn::LSTM<T> lstm(3, 4, rng);
  const nn::GRU<T> gru(3, 4, rng);
  Tape<T> tape;
  const auto x = tape.constant(Array<T>(Shape{2, 5, 3}, T(0.5)));
  const auto zero = tape.constant(Array<T>(Shape{2, 4}, T(0)));
  nn::LSTMState<T> state{zero, zero};
  Variable<T> gru_state = zero;
  CHECK((lstm(x).value() == lstm(x, state).value()));
  CHECK((select(lstm(x), -1, 1).value() == state.hidden.value()));
  CHECK((gru(x).value() == gru(x, gru_state).value()));
  CHECK(gru(x).shape() == Shape{2, 5, 4});
  CHECK(lstm.describe() == "LSTM 3 -> 4");
}

TEST_CASE("recurrent layers refuse inputs and states that do not fit") {
  Rng rng(1);
  const nn::LSTM<float> lstm(3, 4, rng);
  const nn::GRU<float> gru(3, 4, rng);
  Tape<float> tape;
  const auto of = [&](const Shape& shape) { return tape.constant(Array<float>(shape, 0.f)); };
  const auto x = of({2, 5, 3}), row = of({2, 3}), none = of({2, 0, 3}), wide = of({2, 5, 4});
  auto state = of({2, 3}), fits = of({2, 4});
  CHECK_FAILS(gru(row), ShapeError, "GRU 3 -> 4: expected (batch, time, 3), got (2, 3)");
  CHECK_FAILS(lstm(wide), ShapeError, "LSTM 3 -> 4: expected (batch, time, 3), got (2, 5, 4)");
  CHECK_FAILS(gru(none), ShapeError, "GRU 3 -> 4: expected at least one step, got (2, 0, 3)");
  CHECK_FAILS(gru(x, state), ShapeError, "GRU 3 -> 4: expected a state (2, 4), got (2, 3)");
  nn::LSTMState<float> both{fits, state};
  CHECK_FAILS(lstm(x, both), ShapeError, "LSTM 3 -> 4: expected a state (2, 4), got (2, 3)");
  CHECK_FAILS(nn::LSTM<float>(0, 4, rng), ValueError,
              "LSTM: expected sizes of at least 1, got 0 -> 4");
}
