#include "nn/table.hpp"

#include <sstream>
#include <string>
#include <vector>

#include "autograd/ops/activations.hpp"
#include "autograd/ops/math.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/conv.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/residual.hpp"
#include "nn/select.hpp"
#include "nn/sequential.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Variable;

namespace {

struct Block {
  nn::Sequential<float> inner;
  Array<float> scale{1.f};

  Variable<float> operator()(Variable<float> x) const {
    return inner(x) * x.tape().parameter(scale);
  }
  static void visit(auto& self, auto&& f) { f("inner", self.inner), f("scale", self.scale); }
};

struct Tower {
  explicit Tower(xtape::Rng rng)
      : first(2, 3, rng),
        blocks{Block{nn::Sequential{nn::Linear(3, 3, rng),
                                    nn::Sequential{Centred<float>{3}, nn::Dropout{0.5}}}}},
        last(3, 1000, rng) {}

  nn::Linear<float> first;
  nn::Sigmoid activation;
  std::vector<Block> blocks;
  nn::Linear<float> last;

  static void visit(auto& self, auto&& f) {
    f("first", self.first), f("activation", self.activation);
    f("blocks", self.blocks), f("last", self.last);
  }
};

/// Returns the table below an empty line, as a raw string begins. Inlined, it makes GCC 12 warn of
/// an overread that is none.
[[gnu::noinline]] std::string on_new_line(const std::string& table) { return '\n' + table; }

}  // namespace

TEST_CASE("The table of a module shows all modules within, parameters and buffers", "[nn]") {
  const Tower model{xtape::Rng{1}};
  CHECK(on_new_line(nn::table(model)) == R"(
                    layer             parameters                     buffers           numbers
first               Linear 2 -> 3     weight (2, 3), bias (3)                                9
activation          Sigmoid                                                                  0
blocks.0            Block             scale (1)                                              1
blocks.0.inner.0    Linear 3 -> 3     weight (3, 3), bias (3)                               12
blocks.0.inner.1.0  Centred           gain (3)                       running_mean (3)        3
blocks.0.inner.1.1  Dropout 0.5                                                              0
last                Linear 3 -> 1000  weight (3, 1000), bias (1000)                      4,000
                    total                                                                4,025
                    in buffers                                                               3
)");
}

TEST_CASE("The table of a part shows that part", "[nn]") {
  const Tower model{xtape::Rng{1}};
  const auto gains = nn::select(model, [](auto name) { return name.ends_with("gain"); });
  CHECK(on_new_line(nn::table(gains)) == R"(
                    layer    parameters  numbers
blocks.0.inner.1.0  Centred  gain (3)          3
                    total                      3
)");
}

TEST_CASE("The table of a layer, of none, and of a vector", "[nn]") {
  xtape::Rng rng;
  CHECK(on_new_line(nn::table(nn::Linear(2, 3, rng))) == R"(
layer          parameters               numbers
Linear 2 -> 3  weight (2, 3), bias (3)        9
total                                         9
)");
  CHECK(on_new_line(nn::table(nn::Sigmoid{})) == R"(
layer    parameters  numbers
Sigmoid                    0
total                      0
)");
  CHECK(on_new_line(nn::table(std::vector<nn::Linear<double>>{})) == R"(
layer  parameters  numbers
total                    0
)");
}

TEST_CASE("Functions are layers, and tables call them so", "[nn]") {
  xtape::Rng rng;
  const nn::Sequential model{nn::Linear(2, 2, rng), xtape::relu<float>,
                             [](Variable<float> x) { return xtape::exp(x); }};
  CHECK(on_new_line(model.table()) == R"(
   layer          parameters               numbers
0  Linear 2 -> 2  weight (2, 2), bias (2)        6
1  Function                                      0
2  Function                                      0
   total                                         6
)");
  CHECK(nn::table(model) == model.table());
  xtape::Tape tape;
  const auto x = tape.constant(Array<float>{{1, -2}, {3, 4}});
  const auto& linear = model.get<nn::Linear<float>>(0);
  CHECK((model(x).value() == exp(relu(linear(x))).value()));
}

TEST_CASE("The table of a Sequential counts the multiplications for one sample", "[nn]") {
  xtape::Rng rng;
  const nn::Sequential model{
      nn::Conv2d(4, 4, 3, rng, {.padding = 1, .groups = 2, .bias = false}),
      nn::ConvTranspose2d(4, 3, 2, rng, {.stride = 2, .bias = false}),
      nn::Sequential{nn::Linear(180, 2, rng), nn::ReLU{}, nn::Linear(2, 2, rng)}};
  std::vector<std::string> last_words;
  std::istringstream lines(model.table(xtape::Shape{5, 3, 4}));
  for (std::string line; std::getline(lines, line);) {
    last_words.push_back(line.substr(line.find_last_of(' ') + 1));
  }
  // A channel of the first layer sees 3 x 3 x 2 numbers. Each number enters 2 x 2 x 3 of the next.
  CHECK(last_words == std::vector<std::string>{"multiplications", "1,080", "720", "364", "362", "0",
                                               "6", "2,164"});
}

TEST_CASE("The table of a Sequential has its buffers", "[nn]") {
  xtape::Rng rng;
  const nn::Sequential model{Centred<float>{2}, nn::Sequential{Centred<float>{2}}};
  CHECK(on_new_line(model.table(xtape::Shape{2})) == R"(
     layer            output      parameters  buffers           numbers  multiplications
0    Centred          (batch, 2)  gain (2)    running_mean (2)        2                0
1    Sequential of 1  (batch, 2)                                                       0
1.0  Centred                      gain (2)    running_mean (2)        2
     total                                                            4                0
     in buffers                                                       4
)");
}

TEST_CASE("The table of a Sequential shows the layers inside its layers, as that of any module",
          "[nn]") {
  xtape::Rng rng;
  const nn::Sequential model{
      nn::Residual{nn::Linear(4, 4, rng), nn::ReLU{}}.with_shortcut(nn::Linear(4, 4, rng)),
      Block{nn::Sequential{nn::Linear(4, 4, rng)}}, nn::Sequential<float>{}, nn::ReLU{}};
  CHECK(on_new_line(model.table(xtape::Shape{4})) == R"(
              layer            output      parameters               numbers  multiplications
0             Residual of 2    (batch, 4)                                                 32
0.body.0      Linear 4 -> 4                weight (4, 4), bias (4)       20
0.body.1      ReLU                                                        0
0.shortcut.0  Linear 4 -> 4                weight (4, 4), bias (4)       20
1             Block            (batch, 4)  scale (1)                      1               16
1.inner.0     Linear 4 -> 4                weight (4, 4), bias (4)       20
2             Sequential of 0  (batch, 4)                                                  0
3             ReLU             (batch, 4)                                 0                0
              total                                                      61               48
)");
  CHECK(model.table() == nn::table(model));
}
