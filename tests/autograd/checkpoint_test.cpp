#include "autograd/checkpoint.hpp"

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "autograd/check/dot.hpp"
#include "autograd/no_grad.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/tape.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"

// checkpoint(): functions that backward() calls again. tests/nn/recompute_test.cpp has models, and
// checkpoint_errors_test.cpp what goes wrong.

using namespace xtape;

namespace {

template <class T>
bool same_bits(const Array<T>& a, const Array<T>& b) {
  return same_shape(a.shape(), b.shape()) &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// The arrays of a computation that uses some of them inside and outside of a checkpoint.
template <class T>
struct Weights {
  Array<T> first, shared, bias;

  explicit Weights(std::uint64_t seed = 1) {
    Rng rng{seed};
    first = random_normal<T>(Shape{6, 6}, rng, 0.7);
    shared = random_normal<T>(Shape{6, 6}, rng, 0.7);
    bias = random_normal<T>(Shape{6}, rng, 0.7);
  }
};

/// What a recording gives: numbers to compare bit by bit.
template <class T>
struct Outcome {
  Array<T> loss, input;
  std::vector<Array<T>> gradients;
  Rng rng{0};
};

template <class T>
bool same_bits(const Outcome<T>& a, const Outcome<T>& b) {
  bool same = same_bits(a.loss, b.loss) && same_bits(a.input, b.input) &&
              a.gradients.size() == b.gradients.size() && a.rng.state() == b.rng.state();
  for (std::size_t i = 0; same && i < a.gradients.size(); ++i) {
    same = same_bits(a.gradients[i], b.gradients[i]);
  }
  return same;
}

/// Computes a loss that calls `around(f, x)` twice, for a function f of several products, random
/// numbers, and parameters that are used elsewhere, too.
template <class T, class Around>
Outcome<T> outcome(Tape<T>& tape, const Weights<T>& w, Around around) {
  tape.rewind();
  tape.rng() = Rng{5};
  Rng rng{9};
  const Variable<T> x = tape.variable(random_normal<T>(Shape{4, 6}, rng));
  const auto f = [&w](Variable<T> h) {
    const auto a = matmul(h, h.tape().parameter(w.first));
    const auto b = matmul(tanh(a), h.tape().parameter(w.shared)) + h.tape().parameter(w.bias);
    return dropout(sigmoid(b) * h + a, 0.4, h.tape().rng());
  };
  Variable<T> h = matmul(x, tape.parameter(w.shared));
  h = around(f, h * x);
  h = dropout(h, 0.3, tape.rng()) + x;
  h = around(f, h) * h;
  const Variable<T> loss = mean(square(matmul(h, tape.parameter(w.first))));
  Outcome<T> result;
  tape.backward(loss);
  result.loss = loss.value();
  result.input = x.grad();
  result.gradients = {tape.grad(w.first), tape.grad(w.shared), tape.grad(w.bias)};
  result.rng = tape.rng();
  return result;
}

constexpr auto directly = [](const auto& f, auto... x) { return f(x...); };
constexpr auto checkpointed = [](const auto& f, auto... x) { return checkpoint(f, x...); };

}  // namespace

TEMPLATE_TEST_CASE("A checkpoint gives the same bits: values, gradients and random numbers", "",
                   float, double) {
  const Weights<TestType> weights;
  Tape<TestType> plain, tape;
  const auto expected = outcome<TestType>(plain, weights, directly);
  for (int repetition = 0; repetition < 3; ++repetition) {
    INFO("repetition " << repetition);
    CHECK(same_bits(outcome<TestType>(tape, weights, checkpointed), expected));
  }
  CHECK(tape.size() < plain.size());
}

TEST_CASE("Checkpoints nest, with the same bits") {
  const Weights<double> weights;
  Tape<double> plain, tape;
  const auto expected = outcome<double>(plain, weights, directly);
  const auto nested = [](const auto& f, auto x) {
    const auto inner = [&f](auto h) { return checkpoint(f, h); };
    const auto middle = [inner](auto h) { return checkpoint(inner, h); };
    return checkpoint(middle, x);
  };
  // f lives in outcome() until backward() is done. `nested` keeps copies of the other closures.
  CHECK(same_bits(outcome<double>(tape, weights, nested), expected));
  CHECK(same_bits(outcome<double>(tape, weights, nested), expected));
}

TEST_CASE("The function is called once for the value and once in backward") {
  int calls = 0;
  Tape<double> tape;
  const Variable<double> x = tape.variable(3.0);
  const auto cube = [&calls](Variable<double> v) {
    ++calls;
    return v * v * v;
  };
  const auto y = checkpoint(cube, x);
  CHECK(calls == 1);
  CHECK(tape.size() == 2);
  CHECK(y.item() == 27);
  CHECK(std::string(y.op()) == "checkpoint");
  tape.backward(y);
  CHECK(calls == 2);
  CHECK(x.grad()() == 27);
}

TEST_CASE("A function takes several Variables, one by one or as a list") {
  Tape<double> tape;
  const auto a = tape.variable(2.0), b = tape.variable(3.0), c = tape.constant(5.0);
  const auto separate = checkpoint([](auto x, auto y, auto z) { return x * y * y * z; }, a, b, c);
  const std::vector<Variable<double>> all{a, b, c, b};
  const auto listed = checkpoint(
      [](std::span<const Variable<double>> v) { return v[0] * v[1] * v[2] * v[3]; }, all);
  CHECK(separate.item() == 90);
  CHECK(listed.item() == 90);
  tape.backward(separate + listed);
  CHECK(a.grad()() == 90);
  CHECK(b.grad()() == 120);
  CHECK_FAILS(checkpoint([](std::span<const Variable<double>> v) { return v[0]; },
                         std::vector<Variable<double>>{}),
              TapeError, "checkpoint: an op needs at least one input");
}

TEST_CASE("Function pointers and objects that are not copied are functions, too") {
  struct Scale {
    std::vector<double> factor{3};  // not trivially copyable
    Variable<double> operator()(Variable<double> x) const { return x * factor[0]; }
  };
  const Scale scale;
  Tape<double> tape;
  const auto x = tape.variable(2.0);
  const auto y = checkpoint(scale, checkpoint(square<double>, x));
  CHECK(y.item() == 12);
  tape.backward(y);
  CHECK(x.grad()() == 12);
}

TEST_CASE("The tape copies a closure, which may end before backward") {
  Tape<double> tape;
  const auto x = tape.variable(2.0);
  const auto make = [&](double factor) {
    const auto f = [factor](Variable<double> v) { return v * v * factor; };
    return checkpoint(f, x);
  };
  const auto y = make(5) + make(7);
  tape.backward(y);
  CHECK(x.grad()() == 48);
}

TEST_CASE("What a function returns without an op is the value itself") {
  const Array<double> parameter(Shape{2}, 3.0);
  Tape<double> tape;
  const auto x = tape.variable(Array<double>(Shape{2}, 2.0));
  const auto same = checkpoint([](auto v) { return v; }, x);
  CHECK(&same.value() == &x.value());
  const auto p = checkpoint([&](auto v) { return v.tape().parameter(parameter); }, x);
  CHECK(&p.value() == &parameter);
  const auto c = checkpoint([](auto v) { return v.tape().constant(4.0); }, x);
  CHECK_FALSE(c.needs_grad());
  CHECK(c.item() == 4);
  tape.backward(sum(same * p * c));
  CHECK((x.grad() == Array<double>(Shape{2}, 12.0)));
  CHECK((tape.grad(parameter) == Array<double>(Shape{2}, 8.0)));
}

TEST_CASE("A function without gradients is not called again") {
  const Array<double> frozen(Shape{2}, 3.0);
  int calls = 0;
  Tape<double> tape;
  tape.freeze(frozen);
  const auto f = [&](Variable<double> v) {
    ++calls;
    return v * v.tape().parameter(frozen);
  };
  const auto constant = checkpoint(f, tape.constant(2.0));
  CHECK_FALSE(constant.needs_grad());
  const auto x = tape.variable(2.0);
  const auto detached = checkpoint(
      [&](Variable<double> v) {
        const NoGrad<double> guard{v.tape()};
        return f(v);
      },
      x);
  CHECK_FALSE(detached.needs_grad());
  tape.backward(sum(constant * detached * x));
  CHECK(calls == 2);
  CHECK(x.grad()() == 72);
}

TEST_CASE("A frozen parameter stays frozen in checkpoints, also in nested ones") {
  const Array<double> frozen(Shape{2}, 3.0), trained(Shape{2}, 2.0);
  const auto f = [&](Variable<double> v) {
    return v * v.tape().parameter(frozen) * v.tape().parameter(trained);
  };
  Tape<double> tape;
  tape.freeze(frozen);
  const auto nested = [f](Variable<double> v) { return checkpoint(f, v); };
  const auto y = checkpoint(nested, tape.variable(Array<double>(Shape{2}, 1.0)));
  tape.backward(sum(y));
  CHECK(tape.find_grad(frozen) == nullptr);
  CHECK((tape.grad(trained) == Array<double>(Shape{2}, 3.0)));
}

TEST_CASE("A parameter that the function freezes is frozen for the recording") {
  const Array<double> parameter(Shape{2}, 3.0);
  Tape<double> tape;
  const auto y = checkpoint([&](auto v) { return v * v.tape().freeze(parameter); },
                            tape.variable(Array<double>(Shape{2}, 1.0)));
  CHECK(tape.is_frozen(parameter));
  tape.backward(sum(y * tape.parameter(parameter)));
  CHECK(tape.find_grad(parameter) == nullptr);
}

TEST_CASE("The hook is called once for each parameter, after the last checkpoint that reads it") {
  const Weights<double> weights;
  const Array<double> ones(Shape{4, 6}, 1.0);
  const auto twice = [&](Variable<double> h) {
    const auto first = matmul(h, h.tape().parameter(weights.first));
    return matmul(first, h.tape().parameter(weights.shared));
  };
  Tape<double> tape;
  const auto h = checkpoint(twice, tape.constant(ones));
  const auto loss = sum(matmul(checkpoint(twice, h), tape.parameter(weights.shared)));
  std::vector<const Array<double>*> parameters;
  std::vector<Array<double>> gradients;
  tape.backward(loss, [&](const Array<double>& parameter, Array<double>& grad) {
    parameters.push_back(&parameter);
    gradients.push_back(grad);
  });
  REQUIRE(parameters == std::vector<const Array<double>*>{&weights.first, &weights.shared});
  CHECK(same_bits(gradients[0], tape.grad(weights.first)));
  CHECK(same_bits(gradients[1], tape.grad(weights.shared)));
}

TEST_CASE("What a function observes is noted once") {
  const Array<float> mean(Shape{2}, 0.f);
  Tape<float> tape;
  const auto f = [&](Variable<float> v) {
    const auto values = v.tape().keep<float>(2);
    values[0] = 3, values[1] = 4;
    v.tape().observe(mean, values);
    return v * 2.f;
  };
  const auto nested = [f](Variable<float> v) { return checkpoint(f, v); };
  const auto y = checkpoint(nested, tape.variable(1.f));
  static_cast<void>(checkpoint(nested, y));  // overwrites the memory of the first call
  REQUIRE(tape.observations().size() == 2);
  CHECK(tape.observations()[0].buffer == &mean);
  CHECK(tape.observations()[0].values[1] == 4);
  tape.backward(y);
  CHECK(tape.observations().size() == 2);
  CHECK(tape.observations()[0].values[0] == 3);
}

TEST_CASE("Under NoGrad the function is called as it is") {
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{3}, 2.f));
  const NoGrad<float> guard{tape};
  const auto y = checkpoint([](auto v) { return square(dropout(v, 0.5, v.tape().rng())); }, x);
  CHECK(std::string(y.op()) == "square");
  CHECK((y.value() == Array<float>(Shape{3}, 4.f)));
  const std::size_t size = tape.size();
  const auto failing = [](Variable<float> v) -> Variable<float> {
    static_cast<void>(v.tape().rng()());
    static_cast<void>(v * v);
    throw std::runtime_error("no");
  };
  const auto before = tape.rng().state();
  CHECK_THROWS_WITH(checkpoint(failing, x), "no");
  CHECK(tape.size() == size);
  CHECK(tape.rng().state() == before);
}

TEST_CASE("A graph shows a checkpoint as one op of its arguments and parameters") {
  const Array<float> weight(Shape{2}, 3.f);
  Tape<float> tape;
  const auto x = tape.variable(Array<float>(Shape{2}, 1.f));
  static_cast<void>(checkpoint([&](auto v) { return v * v.tape().parameter(weight); }, x));
  const std::string dot = to_dot(tape, {{&weight, "weight"}});
  CHECK(dot.find("n2 [label=\"checkpoint\\n(2)\"]") != std::string::npos);
  CHECK(dot.find("n0 -> n2;") != std::string::npos);
  CHECK(dot.find("n1 [label=\"weight\\n(2)\"") != std::string::npos);
  CHECK(dot.find("n1 -> n2;") != std::string::npos);
}

namespace {

/// Records a chain of 64 layers in groups of 8, and differentiates it.
template <class Around>
void train_chain(Tape<float>& tape, const std::vector<Array<float>>& weights,
                 const Array<float>& input, Around around) {
  tape.rewind();
  auto h = tape.constant_view(input);
  for (std::size_t group = 0; group < weights.size(); group += 8) {
    const auto layers = [&weights, group](Variable<float> x) {
      for (std::size_t i = group; i < group + 8; ++i) {
        x = tanh(x * x.tape().parameter(weights[i]));
      }
      return x;
    };
    h = around(layers, h);
  }
  tape.backward(mean(h));
}

/// Returns the input of the chain. It has less than 64 KiB, because larger arrays share pages
/// (tensor/buffer.cpp). Memory is then taken for a page, and not for each array.
Array<float> chain_input() { return Array<float>(Shape{255, 64}, 0.3f); }

}  // namespace

TEST_CASE("A deep chain in groups needs the memory of a group and of the results") {
  COUNTING_OR_SKIP();
  const std::vector<Array<float>> weights(64, Array<float>(Shape{64}, 1.1f));
  const Array<float> input = chain_input();
  const auto peak = [&](auto around) {
    Tape<float> tape;
    const std::size_t before = living_bytes();
    restart_peak_bytes();
    train_chain(tape, weights, input, around);
    train_chain(tape, weights, input, around);
    return (peak_bytes() - before) / (input.size() * sizeof(float));
  };
  const std::size_t kept = peak(directly), recomputed = peak(checkpointed);
  INFO("values: " << kept << " without checkpoints, " << recomputed << " with them");
  CHECK(kept >= 128);       // two values for each layer
  CHECK(recomputed <= 36);  // 8 results, 16 values within a group, 5 of gradients, and the nodes
}

TEST_CASE("Checkpoints allocate nothing in a steady step") {
  COUNTING_OR_SKIP();
  const std::vector<Array<float>> weights(64, Array<float>(Shape{64}, 1.1f));
  const Array<float> input = chain_input();
  Tape<float> tape;
  std::vector<std::size_t> allocations(5);
  for (std::size_t& number : allocations) {
    const std::size_t before = allocation_count();
    train_chain(tape, weights, input, checkpointed);
    number = allocation_count() - before;
  }
  CHECK(allocations[0] > 0);
  CHECK(allocations[3] == 0);
  CHECK(allocations[4] == 0);
}
