#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "tests/ops/catalogue.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/catch.hpp"

/// Every op against PyTorch, in double. Where the two differ on purpose, generate.py says so and
/// leaves the case out or writes the formula down:
/// - exp is infinite from 709.44 on where it is vectorised, and log knows no numbers below 2e-308;
/// - softplus and gelu keep the digits that PyTorch's lose for large and for negative x;
/// - the mean of no elements is an error, not NaN;
/// - a target of 0 costs nothing, even where the logit is -inf, not NaN;
/// - relu(NaN) is NaN in both, but its gradient 0 here and 1 there: what comes after is NaN anyway;
/// - clip_grad_norm scales to max_norm itself, not to max_norm / (1 + 1e-6 / norm).

namespace xtape {
namespace {

using oracle::array_from;
using V = Variable<double>;
using Operands = std::span<const V>;
using Arguments = nlohmann::json;
using Op = std::function<V(Operands, const Arguments&)>;

Axes axes_of(const Arguments& of) {
  if (!of.contains("axes")) {
    return Axes::all();
  }
  const auto axes = of["axes"].get<std::vector<std::ptrdiff_t>>();
  switch (axes.size()) {
    case 1:
      return {axes[0]};
    case 2:
      return {axes[0], axes[1]};
    default:
      return {axes.at(0), axes.at(1), axes.at(2)};
  }
}

Shape shape_of(const std::vector<std::ptrdiff_t>& extents, const Shape& from) {
  switch (extents.size()) {
    case 0:
      return Extents({}).resolve(from);
    case 1:
      return Extents({extents[0]}).resolve(from);
    case 2:
      return Extents({extents[0], extents[1]}).resolve(from);
    default:
      return Extents({extents.at(0), extents.at(1), extents.at(2)}).resolve(from);
  }
}

Reduction reduction_of(const Arguments& of) {
  return of.at("reduction") == "mean" ? Reduction::mean : Reduction::sum;
}

V with_constant_targets(V logits, const Arguments& of) {
  std::vector<double> targets;
  for (const auto& row : of.at("targets")) {
    targets.insert(targets.end(), row.begin(), row.end());
  }
  const V constant = logits.tape().constant(array_from(targets, logits.shape()));
  return softmax_cross_entropy(logits, constant, reduction_of(of));
}

V dropped(V x, const Arguments& of) {
  Rng rng(1);
  return dropout(x, of.at("rate"), rng);
}

/// What each name in cases.json means here. A name is an op's, and its operands in parentheses.
const std::map<std::string, Op>& ops() {
  using A = const Arguments&;
  static const std::map<std::string, Op> all = {
      {"operator+(a, b)", [](Operands x, A) { return x[0] + x[1]; }},
      {"operator+(a, number)", [](Operands x, A of) { return x[0] + double(of["number"]); }},
      {"operator+(number, b)", [](Operands x, A of) { return double(of["number"]) + x[0]; }},
      {"operator-(a, b)", [](Operands x, A) { return x[0] - x[1]; }},
      {"operator-(a, number)", [](Operands x, A of) { return x[0] - double(of["number"]); }},
      {"operator-(number, b)", [](Operands x, A of) { return double(of["number"]) - x[0]; }},
      {"operator*(a, b)", [](Operands x, A) { return x[0] * x[1]; }},
      {"operator*(a, number)", [](Operands x, A of) { return x[0] * double(of["number"]); }},
      {"operator*(number, b)", [](Operands x, A of) { return double(of["number"]) * x[0]; }},
      {"operator/(a, b)", [](Operands x, A) { return x[0] / x[1]; }},
      {"operator/(a, number)", [](Operands x, A of) { return x[0] / double(of["number"]); }},
      {"operator/(number, b)", [](Operands x, A of) { return double(of["number"]) / x[0]; }},
      {"operator-(x)", [](Operands x, A) { return -x[0]; }},
      {"exp(x)", [](Operands x, A) { return exp(x[0]); }},
      {"log(x)", [](Operands x, A) { return log(x[0]); }},
      {"sqrt(x)", [](Operands x, A) { return sqrt(x[0]); }},
      {"square(x)", [](Operands x, A) { return square(x[0]); }},
      {"pow(x, exponent)", [](Operands x, A of) { return pow(x[0], double(of["exponent"])); }},
      {"abs(x)", [](Operands x, A) { return abs(x[0]); }},
      {"sigmoid(x)", [](Operands x, A) { return sigmoid(x[0]); }},
      {"tanh(x)", [](Operands x, A) { return tanh(x[0]); }},
      {"relu(x)", [](Operands x, A) { return relu(x[0]); }},
      {"leaky_relu(x, slope)", [](Operands x, A of) { return leaky_relu(x[0], of["slope"]); }},
      {"softplus(x)", [](Operands x, A) { return softplus(x[0]); }},
      {"gelu(x)", [](Operands x, A) { return gelu(x[0]); }},
      {"matmul(a, b)", [](Operands x, A) { return matmul(x[0], x[1]); }},
      {"linear(x, weight, bias)", [](Operands x, A) { return linear(x[0], x[1], x[2]); }},
      {"sum(x, axes, keepdims)",
       [](Operands x, A of) { return sum(x[0], axes_of(of), of["keepdims"]); }},
      {"mean(x, axes, keepdims)",
       [](Operands x, A of) { return mean(x[0], axes_of(of), of["keepdims"]); }},
      {"max(x, axis, keepdims)",
       [](Operands x, A of) { return max(x[0], std::ptrdiff_t{of["axis"]}, of["keepdims"]); }},
      {"reshape(x, shape)",
       [](Operands x, A of) { return reshape(x[0], shape_of(of["shape"], x[0].shape())); }},
      {"transpose(x, axis_a, axis_b)",
       [](Operands x, A of) { return transpose(x[0], of["axis_a"], of["axis_b"]); }},
      {"concatenate(span, axis)", [](Operands x, A of) { return concatenate(x, of["axis"]); }},
      {"concatenate(initializer_list, axis)",
       [](Operands x, A of) {
         return concatenate({x[0], x[1]}, of["axis"]);
       }},
      {"concatenate(vector, axis)",
       [](Operands x, A of) { return concatenate(std::vector(x.begin(), x.end()), of["axis"]); }},
      {"slice(x, begin, end, axis)",
       [](Operands x, A of) { return slice(x[0], of["begin"], of["end"], of["axis"]); }},
      {"gather(x, rows)",
       [](Operands x, A of) { return gather(x[0], of["rows"].get<std::vector<int>>()); }},
      {"softmax(x)", [](Operands x, A) { return softmax(x[0]); }},
      {"log_softmax(x)", [](Operands x, A) { return log_softmax(x[0]); }},
      {"softmax_cross_entropy(logits, labels, reduction)",
       [](Operands x, A of) {
         const auto labels = of["labels"].get<std::vector<std::uint8_t>>();
         return softmax_cross_entropy(x[0], labels, reduction_of(of));
       }},
      {"softmax_cross_entropy(logits, targets, reduction)",
       [](Operands x, A of) { return softmax_cross_entropy(x[0], x[1], reduction_of(of)); }},
      {"softmax_cross_entropy(logits, constant targets, reduction)",
       [](Operands x, A of) { return with_constant_targets(x[0], of); }},
      {"mse(prediction, target, reduction)",
       [](Operands x, A of) { return mse(x[0], x[1], reduction_of(of)); }},
      {"dropout(x, rate)", [](Operands x, A of) { return dropped(x[0], of); }}};
  return all;
}

/// The operands, the weighting of the result, and what must come out.
struct Case {
  std::vector<Array<double>> inputs, gradients;
  Array<double> weight, value;
  Arguments arguments;
  bool each;
};

Case case_from(const nlohmann::json& json) {
  Case made{.inputs = {},
            .gradients = {},
            .weight = {},
            .value = array_from(json.at("value")),
            .arguments = json.value("arguments", Arguments::object()),
            .each = json.value("each", false)};
  made.weight = array_from(json.at("weight"), made.value.shape());
  for (std::size_t i = 0; i < json.at("inputs").size(); ++i) {
    made.inputs.push_back(array_from(json["inputs"][i]));
    made.gradients.push_back(array_from(json.at("gradients").at(i), made.inputs[i].shape()));
  }
  return made;
}

void check(const Op& op, const Case& wanted) {
  constexpr double tolerance = 1e-12;
  Tape<double> tape;
  std::vector<V> x;
  for (const Array<double>& input : wanted.inputs) {
    x.push_back(tape.variable(input));
  }
  const V y = op(x, wanted.arguments);
  CHECK(oracle::difference(y.value(), wanted.value, tolerance, wanted.each) == "");
  tape.backward(sum(y * tape.constant(wanted.weight)));
  for (std::size_t i = 0; i < x.size(); ++i) {
    INFO("gradient of operand " << i);
    CHECK(oracle::difference(x[i].grad(), wanted.gradients[i], tolerance, wanted.each) == "");
  }
}

/// The case of element i alone: what a vector register does is also done by what remains beside it.
Case alone(const Case& whole, std::size_t i) {
  const auto element = [i](const Array<double>& array) {
    return Array<double>(Shape{}, array.data()[i]);
  };
  Case made{.inputs = {},
            .gradients = {},
            .weight = element(whole.weight),
            .value = element(whole.value),
            .arguments = whole.arguments,
            .each = whole.each};
  for (std::size_t operand = 0; operand < whole.inputs.size(); ++operand) {
    made.inputs.push_back(element(whole.inputs[operand]));
    made.gradients.push_back(element(whole.gradients[operand]));
  }
  return made;
}

}  // namespace

TEST_CASE("oracle: every op has cases, each of its overloads") {
  std::map<std::string, int> enlisted, known;
  for (const CatalogueEntry& entry : catalogue()) {
    ++enlisted[entry.op];
  }
  for (const auto& [name, op] : ops()) {
    ++known[name.substr(0, name.find('('))];
    INFO(name << ": tests/oracle/generate.py makes no case of it");
    CHECK(oracle::cases().at("ops").contains(name));
  }
  for (const auto& [op, count] : enlisted) {
    INFO(op << " has " << count << " overloads and " << known[op]
            << " names in tests/oracle/ops_test.cpp; give it one there, and cases in generate.py");
    CHECK(known[op] >= count);
  }
}

TEST_CASE("oracle: every op computes what PyTorch does, and its gradients") {
  for (const auto& [name, list] : oracle::cases().at("ops").items()) {
    DYNAMIC_SECTION(name) {
      REQUIRE(ops().count(name) == 1);
      const Op& op = ops().at(name);
      for (std::size_t i = 0; i < list.size(); ++i) {
        const Case wanted = case_from(list[i]);
        INFO("case " << i);
        check(op, wanted);
        for (std::size_t k = 0; wanted.each && k < wanted.value.size(); ++k) {
          INFO("at " << wanted.inputs[0].data()[k]);
          check(op, alone(wanted, k));
        }
      }
    }
  }
}

}  // namespace xtape
