// A recurrent network whose weight matrices are diagonal, which predicts the next of its inputs. A
// step of a layer works on vectors of 14 numbers, so its cost is that of its nodes. Two ops of this
// file make them 9 instead of 13; docs/guides/write-an-op.md shows how.
#include "benchmarks/gradbench/eval.hpp"

namespace gradbench {

namespace {

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

struct Network {
  Array<double> main, extra;      // what is differentiated
  Array<double> state, sequence;  // (2 layers, width) and (steps, width)

  explicit Network(const json& in)
      : main(numbers(in.at("main_params"))),
        extra(numbers(in.at("extra_params"))),
        state(numbers(in.at("state"))),
        sequence(numbers(in.at("sequence"))) {}

  Variable layer(Variable inputs, std::ptrdiff_t number) const;
  Variable loss(Tape& tape) const;
};

// Returns the outputs (steps, width) of a layer. Two gates depend on the inputs alone, so they are
// computed for all steps at once.
Variable Network::layer(Variable inputs, std::ptrdiff_t number) const {
  const auto parameters = inputs.tape().parameter(main);
  const auto [wf, wi, wo, wc] = xtape::split<4>(select(parameters, 2 * number));
  const auto [bf, bi, bo, bc] = xtape::split<4>(select(parameters, 2 * number + 1));
  const auto forget = sigmoid(affine(inputs, wf, bf)), out = sigmoid(affine(inputs, wo, bo));
  const auto before = inputs.tape().constant_view(state);
  auto hidden = select(before, 2 * number), cell = select(before, 2 * number + 1);
  std::vector<Variable> outputs;
  for (std::ptrdiff_t t = 0; t < static_cast<std::ptrdiff_t>(inputs.shape()[0]); ++t) {
    cell = sum_of_products(cell, select(forget, t), sigmoid(affine(hidden, wi, bi)),
                           tanh(affine(hidden, wc, bc)));
    hidden = select(out, t) * tanh(cell);
    outputs.push_back(hidden);
  }
  return stack(outputs);
}

// Returns the mean of the losses of all steps.
Variable Network::loss(Tape& tape) const {
  const auto ends = tape.parameter(extra), text = tape.constant_view(sequence);
  auto values = slice(text, 0, -1) * select(ends, 0);
  for (std::ptrdiff_t i = 0; 2 * i < static_cast<std::ptrdiff_t>(main.shape(0)); ++i) {
    values = layer(values, i);
  }
  const auto guess = values * select(ends, 1) + select(ends, 2);
  const auto log_guess = guess - log(sum(exp(guess), 1, true) + 2);
  return -mean(slice(text, 1) * log_guess);
}

Answer objective(const json& in) {
  const Network network(in);
  Tape tape;
  const NoGrad guard{tape};
  const auto compute = [&] {
    tape.rewind();
    return network.loss(tape).item();
  };
  return repeat(in, compute, [](double loss) { return json(loss); });
}

Answer jacobian(const json& in) {
  const Network network(in);
  Tape tape;
  const auto compute = [&] {
    tape.rewind();
    tape.backward(network.loss(tape));
    std::vector<double> all = to_vector(tape.grad(network.main));
    const auto& extra = tape.grad(network.extra);
    all.insert(all.end(), extra.begin(), extra.end());
    return all;
  };
  return repeat(in, compute, [](const std::vector<double>& all) { return json(all); });
}

}  // namespace

Functions lstm() { return {{"objective", objective}, {"jacobian", jacobian}}; }

}  // namespace gradbench
