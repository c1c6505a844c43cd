#pragma once

#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "nn/module.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/evaluate.hpp"
#include "tests/support/temporary_folder.hpp"

namespace xtape::oracle {

/// Gives a model the weights that PyTorch had, through a file as PyTorch's users write it.
template <class Model>
void load_parameters(Model& model, const nlohmann::json& parameters) {
  std::vector<Array<double>> arrays;
  for (const auto& each : parameters) {
    arrays.push_back(array_from(each));
  }
  std::vector<nn::TensorView> tensors;
  for (const auto& each : parameters.items()) {
    const Array<double>& array = arrays[tensors.size()];
    tensors.push_back(
        {each.key(), "F64", array.shape(), std::as_bytes(std::span(array.storage()))});
  }
  const TemporaryFolder folder;
  nn::write_safetensors(folder / "weights", tensors, {});
  nn::load_weights(folder / "weights", model, {.pytorch = true});
}

/// What a case of attention.json says of a layer: its results, and all gradients of their weighted
/// sum.
template <class Layer>
class AttentionAnswer {
 public:
  AttentionAnswer(const char* name, Layer made)
      : answer_(read("attention.json").at(name)), layer_(std::move(made)) {
    load_parameters(layer_, answer_.at("parameters"));
    for (const auto& each : answer_.at("inputs")) {
      inputs_.push_back(tape.variable(array_from(each)));
    }
  }

  /// Checks what `call(layer, inputs)` returns.
  template <class Call>
  void check(Call call) {
    const Variable<double> y = call(std::as_const(layer_), inputs_);
    compare("y", y.value(), answer_.at("y"));
    tape.backward(sum(y * tape.constant(array_from(answer_.at("weights")))));
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      compare("input", inputs_[i].grad(), answer_.at("input_grads").at(i));
    }
    Layer gradients = layer_;  // of PyTorch
    load_parameters(gradients, answer_.at("grads"));
    std::vector<Array<double>> expected;
    nn::for_each_parameter(gradients, [&](const nn::ParameterName&, const Array<double>& array) {
      expected.push_back(array);
    });
    std::size_t i = 0;
    nn::for_each_parameter(layer_, [&](const nn::ParameterName& name, const Array<double>& array) {
      INFO(name.str());
      CHECK(difference(tape.grad(array), expected.at(i++), 1e-12, false) == "");
    });
    CHECK(i == answer_.at("grads").size());
  }

  Tape<double> tape{};

 private:
  static void compare(const char* what, const Array<double>& computed,
                      const nlohmann::json& expected) {
    INFO(what);
    CHECK(difference(computed, array_from(expected), 1e-12, false) == "");
  }

  const nlohmann::json& answer_;
  Layer layer_;
  std::vector<Variable<double>> inputs_{};
};

}  // namespace xtape::oracle
