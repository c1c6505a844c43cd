#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
#include <xtape.hpp>

#include "nn/onnx/save_onnx.hpp"

/// Models as check_onnx.py gets them: NAME.onnx, and in NAME.safetensors inputs of one and of seven
/// samples with what xtape makes of them. The metadata name the arrays of the model.

namespace onnx_cases {

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Variable;

/// Gives all arrays of a model numbers that tell them apart, and BatchNorm its statistics.
template <class Model>
void stir(Model& model) {
  xtape::Rng rng{5};
  nn::for_each_array(model, [&](const nn::ParameterName& name, auto& array) {
    const bool variance = name.ends_with("running_var") || name.ends_with("deviation");
    for (auto& element : array.storage()) {
      using T = std::remove_reference_t<decltype(element)>;
      const double draw = rng.uniform();
      element = name.ends_with("num_batches_tracked") ? T(1)
                : variance                            ? static_cast<T>(0.5 + draw)
                           : element + static_cast<T>(0.2 * (draw - 0.5));
    }
  });
}

/// Writes cases into a folder.
template <class T>
class Writer {
 public:
  explicit Writer(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }

  /// Writes a model for samples of this shape.
  template <class Model>
  void operator()(const std::string& name, Model model, const Shape& sample) const {
    stir(model);
    nn::save_onnx<T>(folder_ / (name + ".onnx"), model, sample);
    std::vector<std::pair<std::string, Array<T>>> arrays;
    xtape::Rng rng{3};
    for (const std::size_t batch : {1UL, 7UL}) {
      Shape shape = sample;
      shape.insert(shape.begin(), batch);
      Array<T> input(shape);
      rng.fill_uniform(std::span<T>(input.data(), input.size()), T(-2), T(2));
      arrays.emplace_back(fmt::format("output{}", batch), nn::predict(model, input));
      arrays.emplace_back(fmt::format("input{}", batch), std::move(input));
    }
    std::vector<nn::TensorView> views;
    for (const auto& [key, array] : arrays) {
      views.push_back({key, nn::dtype_of<T>, array.shape(),
                       std::as_bytes(std::span(array.data(), array.size()))});
    }
    std::string names;
    nn::for_each_array(model, [&](const nn::ParameterName& each, const auto&) {
      if (!each.ends_with("num_batches_tracked")) {
        names += (names.empty() ? "" : " ") + each.str();
      }
    });
    nn::write_safetensors(folder_ / (name + ".safetensors"), std::move(views), {{"names", names}});
  }

 private:
  std::filesystem::path folder_;
};

/// Writes every layer, every op, and networks.
///@{
void write_layers(const std::filesystem::path& folder, bool in_double);
void write_ops(const std::filesystem::path& folder, bool in_double);
void write_networks(const std::filesystem::path& folder);
///@}

}  // namespace onnx_cases
