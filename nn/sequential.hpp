#pragma once

#include <concepts>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/describe.hpp"
#include "nn/module.hpp"
#include "nn/table.hpp"

namespace xtape::nn {

namespace detail {

/// The calls of a layer on the tapes that it computes on.
///@{
template <class T>
struct LayerCalls {
  virtual ~LayerCalls() = default;
  virtual Variable<T> call(Variable<T> x) const = 0;
};
template <class F>
struct LayerCalls<Dual<F>> : LayerCalls<F> {
  using LayerCalls<F>::call;
  virtual Variable<Dual<F>> call(Variable<Dual<F>> x) const = 0;
};
///@}

/// The calls of a Model, passed on to its module `value`.
///@{
template <class T, class Interface, class Model>
struct ModuleCalls : Interface {
  using Interface::call;
  Variable<T> call(Variable<T> x) const override {
    return static_cast<const Model&>(*this).value(x);
  }
};
template <class F, class Interface, class Model>
struct ModuleCalls<Dual<F>, Interface, Model> : ModuleCalls<F, Interface, Model> {
  using ModuleCalls<F, Interface, Model>::call;
  Variable<Dual<F>> call(Variable<Dual<F>> x) const override {
    return static_cast<const Model&>(*this).value(x);
  }
};
///@}

}  // namespace detail

/// A module of any class that maps one Variable to another. A Layer owns its module, so copying a
/// Layer copies its weights. A Layer<Dual<float>> has weights of float, and computes on a
/// Tape<float> and on a Tape<Dual<float>>.
template <class T>
class Layer {
 public:
  /// The type of the functions that each_array() calls.
  ///@{
  using Visitor = std::function<void(const ParameterName&, Array<Real<T>>&)>;
  using ConstVisitor = std::function<void(const ParameterName&, const Array<Real<T>>&)>;
  ///@}

  /// Stores `layer`, of any class with a const call from Variable<T> to Variable<T>. For Dual
  /// numbers, it also takes and returns a Variable of plain ones: write `auto operator()(auto x)
  /// const`.
  template <class L>
  requires(!std::same_as<L, Layer>) Layer(L layer)
      : self_(std::make_unique<Model<L>>(std::move(layer))) {
    static_assert(is_layer_for<L, T> && is_layer_for<L, Real<T>>,
                  "a layer is called with a Variable<T> and returns one, and its call is const");
  }

  /// Copies or moves a layer. A copy has its own weights. A layer that was moved from can only be
  /// assigned to or destroyed. Any other use throws ValueError.
  ///@{
  Layer(const Layer& other) : self_(other.self().clone()) {}
  Layer(Layer&&) noexcept = default;
  Layer& operator=(Layer other) noexcept {
    self_ = std::move(other.self_);
    return *this;
  }
  ///@}
  ~Layer() = default;

  /// Calls the layer.
  template <NumberOrReal<T> S>
  Variable<S> operator()(Variable<S> x) const {
    return std::as_const(self()).call(x);
  }

  /// Returns the description of the layer, such as "Linear 784 -> 128", or the name of its class.
  std::string describe() const { return self().describe(); }

  /// Returns the module in this layer, or nullptr if its class is not L. Sequential::get() throws
  /// instead.
  ///@{
  template <class L>
  L* target() {
    [[maybe_unused]] Interface* const layer = &self();
    if constexpr (is_layer_for<L, T> && is_layer_for<L, Real<T>>) {
      if (auto* model = dynamic_cast<Model<L>*>(layer)) {
        return &model->value;
      }
    }
    return nullptr;
  }
  template <class L>
  const L* target() const {
    return const_cast<Layer&>(*this).template target<L>();
  }
  ///@}

  /// Returns the full name of the layer's type: "xtape::nn::Linear<float>".
  std::string type() const { return self().type(); }

  /// True if the layer is a Flatten.
  bool is_flatten() const { return self().is_flatten(); }

  /// Adds the rows of nn::table() for this layer.
  void add_rows(detail::TableBuilder& table, const std::string& name) const {
    self().add_rows(table, name);
  }

  /// Calls `visitor` for each parameter and buffer of the layer. Names begin with `prefix` unless
  /// it is null.
  ///@{
  void each_array(const Visitor& visitor, const ParameterName* prefix) {
    self().each_array(visitor, prefix);
  }
  void each_array(const ConstVisitor& visitor, const ParameterName* prefix) const {
    self().each_array(
        [&](const ParameterName& name, Array<Real<T>>& array) { visitor(name, array); }, prefix);
  }
  ///@}

 private:
  template <class L, class S>
  static constexpr bool is_layer_for = requires(const L& each, Variable<S> x) {
    { each(x) } -> std::convertible_to<Variable<S>>;
  };

  struct Interface : detail::LayerCalls<T> {
    virtual std::unique_ptr<Interface> clone() const = 0;
    virtual std::string describe() const = 0;
    virtual std::string type() const = 0;
    virtual bool is_flatten() const = 0;
    virtual void add_rows(detail::TableBuilder& table, const std::string& name) const = 0;
    virtual void each_array(const Visitor& visitor, const ParameterName* prefix) = 0;
  };

  template <class L>
  struct Model final : detail::ModuleCalls<T, Interface, Model<L>> {
    explicit Model(L layer) : value(std::move(layer)) {}
    std::unique_ptr<Interface> clone() const override { return std::make_unique<Model>(value); }
    std::string describe() const override { return detail::describe(value); }
    std::string type() const override { return detail::type_name<L>(); }
    bool is_flatten() const override { return detail::is_flatten(value); }
    void add_rows(detail::TableBuilder& table, const std::string& name) const override {
      table.add(value, name);
    }
    void each_array(const Visitor& visitor, const ParameterName* prefix) override {
      for_each_array(value, visitor, prefix);
    }
    L value;
  };

  Interface& self() const {
    require<ValueError>(self_ != nullptr, "Layer: it was moved from");
    return *self_;
  }

  std::unique_ptr<Interface> self_;
};

/// A model whose layers are called one after the other. A Sequential owns its layers, so copying a
/// Sequential copies all weights. The layers may be of any class: your own module, or another
/// Sequential.
///
///     nn::Sequential model{nn::Linear(784, 128, rng), nn::Sigmoid{}, nn::Linear(128, 10, rng)};
///
/// A Sequential<Dual<float>> has weights of float, and its layers compute on a Tape<Dual<float>> as
/// well as on a Tape<float>. So it can be trained, and its loss be differentiated twice.
///
/// A Sequential that was moved from can only be assigned to or destroyed. Any other use throws
/// ValueError.
template <class T = float>
class Sequential {
 public:
  /// Creates a model without layers, which returns its input. push_back() adds layers.
  Sequential() = default;

  /// Takes the layers. Each may be of any class with a const call from Variable<T> to Variable<T>.
  template <class... Layers>
  requires(sizeof...(Layers) > 1 || (!std::same_as<std::remove_cvref_t<Layers>, Sequential> &&
                                     ...)) explicit Sequential(Layers... layers) {
    layers_.reserve(sizeof...(layers));
    (layers_.emplace_back(std::move(layers)), ...);
  }

  /// Copies or moves all layers.
  ///@{
  Sequential(const Sequential& other) : layers_(whole(other)) {}
  Sequential(Sequential&& other) noexcept
      : layers_(std::move(other.layers_)), moved_from_(std::exchange(other.moved_from_, true)) {}
  Sequential& operator=(Sequential other) noexcept {
    layers_ = std::move(other.layers_);
    moved_from_ = other.moved_from_;
    return *this;
  }
  ///@}
  ~Sequential() = default;

  /// Adds a layer at the end.
  void push_back(Layer<T> layer) { whole(*this).push_back(std::move(layer)); }

  /// Returns the number of layers.
  std::size_t size() const { return whole(*this).size(); }

  /// Returns a layer. Throws ValueError if there is no such layer.
  ///@{
  Layer<T>& operator[](std::size_t index) {
    require_layer(index);
    return layers_[index];
  }
  const Layer<T>& operator[](std::size_t index) const {
    require_layer(index);
    return layers_[index];
  }
  ///@}

  /// Returns a layer as an object of its class, to read or change its members:
  /// `model.get<nn::Linear<float>>(2).weight`. Throws ValueError if there is no such layer, or if
  /// the layer is of another class. The message then names both types.
  ///@{
  template <class L>
  L& get(std::size_t index) {
    require_layer(index);
    L* layer = layers_[index].template target<L>();
    if (layer == nullptr) {
      fail<ValueError>("Sequential: layer {} ({}) is of type {}, not {}", index,
                       layers_[index].describe(), layers_[index].type(), detail::type_name<L>());
    }
    return *layer;
  }
  template <class L>
  const L& get(std::size_t index) const {
    return const_cast<Sequential&>(*this).template get<L>(index);
  }
  ///@}

  /// Calls the layers in order. A ShapeError names the layer: "layer 2 (Linear 128 -> 10): expected
  /// (batch, 128), got (64, 784)".
  template <NumberOrReal<T> S>
  Variable<S> operator()(Variable<S> x) const;

  /// Returns a table with a line for each layer: its description, the shapes of its parameters and
  /// the number of their elements. With the shape of one input, such as (784), the table also shows
  /// the shape of each layer's output. It also shows the multiplications of the layer's products
  /// and convolutions for one sample.
  std::string table(const std::optional<Shape>& input = std::nullopt) const;

  /// Returns the name in tables and errors inside another model: "Sequential of 3".
  std::string describe() const { return fmt::format("Sequential of {}", size()); }

  /// Names the layers by number: "0.weight".
  static void visit(auto& self, auto&& f) { f("", whole(self)); }

 private:
  /// Returns the layers. Throws ValueError if the model was moved from.
  static auto& whole(auto& self) {
    require<ValueError>(!self.moved_from_, "Sequential: it was moved from");
    return self.layers_;
  }
  void require_layer(std::size_t index) const;

  std::vector<Layer<T>> layers_;
  bool moved_from_ = false;
};

/// Prints the table of a model.
template <class T>
std::ostream& operator<<(std::ostream& out, const Sequential<T>& model);

extern template class Sequential<float>;
extern template class Sequential<double>;

}  // namespace xtape::nn
