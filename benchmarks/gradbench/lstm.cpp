// A recurrent network whose weight matrices are diagonal, which predicts the next of its inputs. A
// recording of the whole sequence would not fit the caches, so it is recorded in parts. The states
// before the parts are computed first. Then the parts are differentiated, the last one first. Each
// passes the gradient of the state before it on to the part before it. A step of a layer works on
// vectors of 14 numbers, so its cost is that of its nodes. Two ops of this file make them 9 instead
// of 13; docs/guides/write-an-op.md shows how.
#include <algorithm>

#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

constexpr std::ptrdiff_t part_size = 64;  // steps in a recording

// Returns x w + b.
Variable affine(Variable x, Variable w, Variable b) {
  return xtape::define(
      "affine", {x, w, b}, x.value() * w.value() + b.value(),
      [=](auto y) { return y.grad() * w.value(); }, [=](auto y) { return y.grad() * x.value(); },
      [](auto y) -> const auto& { return y.grad(); });
}

// Returns a b + c d.
Variable sum_of_products(Variable a, Variable b, Variable c, Variable d) {
  return xtape::define(
      "sum_of_products", {a, b, c, d}, a.value() * b.value() + c.value() * d.value(),
      [=](auto y) { return y.grad() * b.value(); }, [=](auto y) { return y.grad() * a.value(); },
      [=](auto y) { return y.grad() * d.value(); }, [=](auto y) { return y.grad() * c.value(); });
}

// What a part adds to the sum of the losses, and the state after the part.
struct Part {
  Variable loss, state;
};

struct Network {
  Array<double> main, extra;      // what is differentiated
  Array<double> state, sequence;  // (2 layers, width) and (steps, width)

  explicit Network(const json& in)
      : main(numbers(in.at("main_params"))),
        extra(numbers(in.at("extra_params"))),
        state(numbers(in.at("state"))),
        sequence(numbers(in.at("sequence"))) {}

  std::ptrdiff_t steps() const { return static_cast<std::ptrdiff_t>(sequence.shape(0)) - 1; }
  double losses() const {
    return static_cast<double>(steps()) * static_cast<double>(sequence.shape(1));
  }

  Variable layer(Variable inputs, std::ptrdiff_t number, Variable& hidden, Variable& cell) const;
  Part part(std::ptrdiff_t begin, Variable before) const;
};

// Returns the outputs (steps, width) of a layer. Two gates depend on the inputs alone, so they are
// computed for all steps at once.
Variable Network::layer(Variable inputs, std::ptrdiff_t number, Variable& hidden,
                        Variable& cell) const {
  const auto parameters = inputs.tape().parameter(main);
  const auto [wf, wi, wo, wc] = xtape::split<4>(select(parameters, 2 * number));
  const auto [bf, bi, bo, bc] = xtape::split<4>(select(parameters, 2 * number + 1));
  const auto forget = sigmoid(affine(inputs, wf, bf)), out = sigmoid(affine(inputs, wo, bo));
  std::vector<Variable> outputs;
  for (std::ptrdiff_t t = 0; t < static_cast<std::ptrdiff_t>(inputs.shape()[0]); ++t) {
    cell = sum_of_products(cell, select(forget, t), sigmoid(affine(hidden, wi, bi)),
                           tanh(affine(hidden, wc, bc)));
    hidden = select(out, t) * tanh(cell);
    outputs.push_back(hidden);
  }
  return stack(outputs);
}

// Records the part that begins at a step, from the state (2 layers, width) before it.
Part Network::part(std::ptrdiff_t begin, Variable before) const {
  Tape& tape = before.tape();
  const std::ptrdiff_t end = std::min(begin + part_size, steps());
  const auto ends = tape.parameter(extra), text = tape.constant_view(sequence);
  auto values = slice(text, begin, end) * select(ends, 0);
  std::vector<Variable> after;
  for (std::ptrdiff_t i = 0; 2 * i < static_cast<std::ptrdiff_t>(main.shape(0)); ++i) {
    auto hidden = select(before, 2 * i), cell = select(before, 2 * i + 1);
    values = layer(values, i, hidden, cell);
    after.insert(after.end(), {hidden, cell});
  }
  const auto guess = values * select(ends, 1) + select(ends, 2);
  const auto log_guess = guess - log(sum(exp(guess), 1, true) + 2);
  return {-sum(slice(text, begin + 1, end + 1) * log_guess), stack(after)};
}

Answer objective(const json& in) {
  const Network network(in);
  Tape tape;
  const NoGrad guard{tape};
  const auto compute = [&] {
    Array<double> state = network.state;
    double loss = 0;
    for (std::ptrdiff_t begin = 0; begin < network.steps(); begin += part_size) {
      tape.rewind();
      const Part part = network.part(begin, tape.constant(state));
      loss += part.loss.item();
      state = part.state.value();
    }
    return loss / network.losses();
  };
  return repeat(in, compute, [](double loss) { return json(loss); });
}

// Returns the states before all parts.
std::vector<Array<double>> states(const Network& network, Tape& tape) {
  const NoGrad guard{tape};
  std::vector<Array<double>> all{network.state};
  for (std::ptrdiff_t begin = 0; begin + part_size < network.steps(); begin += part_size) {
    tape.rewind();
    all.push_back(network.part(begin, tape.constant(all.back())).state.value());
  }
  return all;
}

Answer jacobian(const json& in) {
  const Network network(in);
  Tape tape;
  const auto compute = [&] {
    const auto before = states(network, tape);
    Array<double> main(network.main.shape(), 0.0), extra(network.extra.shape(), 0.0);
    Array<double> slope(network.state.shape(), 0.0);  // of the state after a part
    for (std::size_t i = before.size(); i-- > 0;) {
      tape.rewind();
      const auto state = tape.variable(before[i]);
      const Part part = network.part(static_cast<std::ptrdiff_t>(i) * part_size, state);
      tape.backward(part.loss / network.losses() + sum(part.state * slope));
      slope = state.grad();
      main += tape.grad(network.main);
      extra += tape.grad(network.extra);
    }
    std::vector<double> all = to_vector(main);
    all.insert(all.end(), extra.begin(), extra.end());
    return all;
  };
  return repeat(in, compute, [](const std::vector<double>& all) { return json(all); });
}

}  // namespace

Functions lstm() { return {{"objective", objective}, {"jacobian", jacobian}}; }

}  // namespace gradbench
