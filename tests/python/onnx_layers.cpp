#include "tests/python/onnx_cases.hpp"
#include "tests/support/resnet.hpp"

namespace onnx_cases {
namespace {

/// A module of one's own, with a layer, a parameter, a constant, and ops that are no layers.
template <class T>
struct Gated {
  explicit Gated(xtape::Rng& rng) : hidden(6, 4, rng), gate(Shape{4}, T(0.5)) {}

  Variable<T> operator()(Variable<T> x) const {
    const Variable<T> h = hidden(x);
    const Variable<T> open = sigmoid(h * x.tape().parameter(gate));
    return concatenate(tanh(h) * open, T(1) - open, 1) / T(3);
  }
  static void visit(auto& self, auto&& f) { f("hidden", self.hidden), f("gate", self.gate); }

  nn::Linear<T> hidden;
  Array<T> gate;
};

template <class T>
void write_dense(const Writer<T>& write) {
  xtape::Rng rng{1};
  const Shape row{6}, image{4, 5, 6};
  write("Linear", nn::Linear<T>(6, 4, rng), row);
  write("Linear of images", nn::Linear<T>({4, 5, 6}, 3, rng), image);
  write("Sigmoid", nn::Sigmoid{}, row);
  write("Tanh", nn::Tanh{}, row);
  write("ReLU", nn::ReLU{}, row);
  write("LeakyReLU", nn::LeakyReLU{0.2}, row);
  write("ELU", nn::ELU{0.7}, row);
  write("SiLU", nn::SiLU{}, row);
  write("GELU", nn::GELU{}, image);
  write("Softplus", nn::Softplus{}, row);
  write("Softmax", nn::Softmax{}, row);
  write("LogSoftmax", nn::LogSoftmax{}, image);
  write("Dropout", nn::Dropout(0.5), row);
  write("Flatten", nn::Flatten{}, image);
  write("Reshape", nn::Reshape({5, 24}), image);
  write("Standardize", nn::Standardize<T>(0.1307, 0.3081), image);
  write("Standardize by feature", nn::Standardize<T>({1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}), row);
  write("Standardize by channel", nn::Standardize<T>({1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}),
        image);
  write("Residual", nn::Residual<T>{nn::Linear<T>(6, 6, rng), nn::ReLU{}}, row);
  write(
      "Residual with a shortcut",
      nn::Residual<T>{nn::Linear<T>(6, 4, rng), nn::ReLU{}}.with_shortcut(nn::Linear<T>(6, 4, rng)),
      row);
  write("Sequential",
        nn::Sequential<T>{nn::Linear<T>(6, 5, rng),
                          nn::Sequential<T>{nn::Linear<T>(5, 4, rng), nn::GELU{}}, nn::Softmax{}},
        row);
  write("a module of one's own", Gated<T>(rng), row);
  write("a layer twice",
        nn::Sequential<T>{Gated<T>(rng), nn::Reshape({8}), nn::Linear<T>(8, 6, rng), Gated<T>(rng)},
        row);
}

template <class T>
void write_norms(const Writer<T>& write) {
  const Shape row{6}, sequence{5, 6}, image{4, 5, 6};
  write("BatchNorm of rows", nn::BatchNorm<T>(6), row);
  write("BatchNorm of sequences", nn::BatchNorm<T>(6), sequence);
  write("BatchNorm", nn::BatchNorm<T>(6), image);
  write("BatchNorm without weight", nn::BatchNorm<T>(6, {.epsilon = 0.1, .weight = false}), image);
  write("BatchNorm without bias", nn::BatchNorm<T>(6, {.bias = false}), image);
  write("LayerNorm", nn::LayerNorm<T>(6), sequence);
  write("LayerNorm of images", nn::LayerNorm<T>(Shape{4, 5, 6}, 0.1), image);
  write("GroupNorm of rows", nn::GroupNorm<T>(2, 6), row);
  write("GroupNorm", nn::GroupNorm<T>(3, 6, 0.01), image);
}

template <class T>
void write_convolutions(const Writer<T>& write) {
  xtape::Rng rng{1};
  const Shape image{9, 8, 6}, sequence{9, 6};
  write("Conv2d", nn::Conv2d<T>(6, 4, 3, rng), image);
  write("Conv2d with strides",
        nn::Conv2d<T>(6, 4, {3, 2}, rng, {.stride = {2, 3}, .padding = {1, 1}}), image);
  write("Conv2d same", nn::Conv2d<T>(6, 4, {2, 4}, rng, {.padding = xtape::same}), image);
  write("Conv2d with dilation", nn::Conv2d<T>(6, 4, 3, rng, {.padding = 2, .dilation = {2, 1}}),
        image);
  write("Conv2d by groups", nn::Conv2d<T>(6, 4, 3, rng, {.groups = 2, .bias = false}), image);
  write("Conv2d by channels", nn::Conv2d<T>(6, 6, 3, rng, {.padding = 1, .groups = 6}), image);
  write("Conv1d", nn::Conv1d<T>(6, 4, 3, rng), sequence);
  write("Conv1d with strides",
        nn::Conv1d<T>(6, 4, 4, rng, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2}),
        sequence);
  write("ConvTranspose2d", nn::ConvTranspose2d<T>(6, 4, 3, rng), image);
  write("ConvTranspose2d with strides",
        nn::ConvTranspose2d<T>(
            6, 4, {3, 4}, rng,
            {.stride = {2, 3}, .padding = {1, 2}, .output_padding = {1, 0}, .groups = 2}),
        image);
  write("ConvTranspose2d with dilation",
        nn::ConvTranspose2d<T>(6, 4, 3, rng, {.bias = false, .dilation = 2}), image);
}

template <class T>
void write_sequences(const Writer<T>& write) {
  xtape::Rng rng{1};
  const Shape sequence{5, 6};
  write("MultiHeadAttention", nn::MultiHeadAttention<T>(6, 3, rng), sequence);
  write("MultiHeadAttention, causal", nn::MultiHeadAttention<T>(6, 2, rng, {.causal = true}),
        sequence);
  write("TransformerBlock", nn::TransformerBlock<T>(6, 2, rng, {.dropout = 0.1}), sequence);
  write("TransformerBlock, norm first",
        nn::TransformerBlock<T>(
            6, 3, rng, {.causal = true, .norm_first = true, .activation = nn::FeedForward::gelu}),
        sequence);
  write("positions",
        nn::Sequential<T>{nn::SinusoidalPositions{}, nn::LearnedPositions<T>(7, 6, rng)}, sequence);
}

template <class T>
void write_pools(const Writer<T>& write) {
  xtape::Rng rng{1};
  const Shape image{9, 8, 6};
  write("MaxPool2d", nn::MaxPool2d(2), image);
  write("MaxPool2d with strides", nn::MaxPool2d({3, 2}, {.stride = {2, 1}, .padding = 1}), image);
  write("AvgPool2d", nn::AvgPool2d(3), image);
  write("AvgPool2d with padding", nn::AvgPool2d(3, {.stride = 2, .padding = 1}), image);
  write("AvgPool2d of pixels",
        nn::AvgPool2d(3, {.stride = 2, .padding = 1, .count_padding = false}), image);
  write("GlobalAvgPool2d", nn::GlobalAvgPool2d{}, image);
  write("Upsample2d", nn::Upsample2d({2, 3}), image);
  write("Upsample2d bilinear", nn::Upsample2d({3, 2}, xtape::Upsampling::bilinear), image);
  write("ResNet-20", make_resnet20<T>(), Shape{32, 32, 3});
  write("a part of images in the middle",
        nn::Sequential<T>{nn::Linear<T>(6, 48, rng), nn::Reshape({4, 4, 3}),
                          nn::Conv2d<T>(3, 5, 3, rng), nn::GELU{}, nn::Flatten{},
                          nn::Linear<T>(20, 4, rng)},
        Shape{6});
}

template <class T>
void write_all(const Writer<T>& write) {
  write_dense(write);
  write_norms(write);
  write_convolutions(write);
  write_sequences(write);
  write_pools(write);
}

}  // namespace

void write_layers(const std::filesystem::path& folder, bool in_double) {
  in_double ? write_all(Writer<double>(folder)) : write_all(Writer<float>(folder));
}

}  // namespace onnx_cases
