#include "examples/backprop/layers.hpp"

#include <iterator>
#include <utility>

namespace by_hand {
namespace {

void append(std::vector<Values>& all, std::vector<Values> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Pointwise::Pointwise(const Activation<double>& activation) : activation_(activation) {}

Values Pointwise::forward(const Values& x) const { return map(activation_.f, x); }

Backward Pointwise::backward(const Values& x, const Values& dy) const {
  return {dy * map(activation_.slope, x), {}};
}

Backward Standardize::backward(const Values& /*x*/, const Values& dy) const {
  return {dy / deviation_, {}};
}

void Chain::push_back(std::unique_ptr<Layer> layer) { layers_.push_back(std::move(layer)); }

Values Chain::forward(const Values& x) const {
  Values y = x;
  for (const auto& layer : layers_) {
    y = layer->forward(y);
  }
  return y;
}

Backward Chain::backward(const Values& x, const Values& dy) const {
  std::vector<Values> inputs{x};
  for (const auto& layer : layers_) {
    inputs.push_back(layer->forward(inputs.back()));
  }
  std::vector<std::vector<Values>> parameters(layers_.size());
  Values gradient = dy;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Backward back = layers_[l]->backward(inputs[l], gradient);
    gradient = std::move(back.dx);
    parameters[l] = std::move(back.parameters);
  }
  Backward result{std::move(gradient), {}};
  for (auto& of_layer : parameters) {
    append(result.parameters, std::move(of_layer));
  }
  return result;
}

Residual::Residual(std::unique_ptr<Layer> body, std::unique_ptr<Layer> shortcut)
    : body_(std::move(body)), shortcut_(std::move(shortcut)) {}

Values Residual::forward(const Values& x) const {
  return shortcut_->forward(x) + body_->forward(x);
}

Backward Residual::backward(const Values& x, const Values& dy) const {
  Backward result = body_->backward(x, dy);
  Backward kept = shortcut_->backward(x, dy);
  result.dx += kept.dx;
  append(result.parameters, std::move(kept.parameters));
  return result;
}

}  // namespace by_hand
