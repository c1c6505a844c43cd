#include "nn/layers/conv.hpp"

#include "autograd/ops/reductions.hpp"
#include "autograd/ops/shaping.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/io/weights.hpp"
#include "nn/layers/activations.hpp"
#include "nn/sequential.hpp"
#include "nn/table.hpp"
#include "tensor/parallel.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;
using xtape::Array;
using xtape::Shape;
using xtape::Tape;

TEST_CASE("Convolution layers compute what their ops do", "[nn]") {
  xtape::Rng rng;
  nn::Conv2d<double> conv(2, 4, {3, 2}, rng, {.stride = 2, .padding = 1, .groups = 2});
  nn::ConvTranspose2d<double> back(4, 2, 3, rng,
                                   {.stride = 2, .padding = 1, .output_padding = 1, .bias = false});
  nn::Conv1d<double> sequence(2, 3, 5, rng, {.padding = xtape::same});
  conv.bias = random_normal<double>({4}, rng);
  Tape<double> tape;
  const auto x = tape.variable(random_normal<double>({2, 5, 4, 2}, rng));
  const auto y = conv(x);
  CHECK((y.value() == conv2d(x, tape.parameter(conv.weight), tape.parameter(conv.bias),
                             {.stride = 2, .padding = 1, .groups = 2})
                          .value()));
  const auto z = back(y);
  CHECK((z.value() == conv_transpose2d(y, tape.parameter(back.weight),
                                       {.stride = 2, .padding = 1, .output_padding = 1})
                          .value()));
  const auto row = tape.variable(random_normal<double>({2, 7, 2}, rng));
  const auto s = sequence(row);
  CHECK(xtape::same_shape(s.shape(), {2, 7, 3}));
  tape.backward(sum(z) + sum(s));
  CHECK(tape.find_grad(conv.weight) != nullptr);
  CHECK(tape.find_grad(conv.bias) != nullptr);
  CHECK(tape.find_grad(back.weight) != nullptr);
  CHECK(tape.find_grad(sequence.bias) != nullptr);
}

TEST_CASE("Convolution layers draw their weights by He's rule unless told otherwise", "[nn]") {
  xtape::Rng rng{1}, again{1};
  const nn::Conv2d layer(5, 7, 3, rng);
  Array<float> expected(Shape{3, 3, 5, 7});
  again.fill_normal(std::span<float>(expected.storage()), 0, std::sqrt(2.0 / (3 * 3 * 5)));
  CHECK((layer.weight == expected));
  CHECK((layer.bias == Array<float>(Shape{7}, 0.f)));
}

TEST_CASE("Transposed convolutions draw their weights by the inputs of one result", "[nn]") {
  xtape::Rng rng{1}, again{1};
  const nn::ConvTranspose2d layer(64, 3, {2, 3}, rng);
  Array<float> expected(Shape{2, 3, 64, 3});
  again.fill_normal(std::span<float>(expected.storage()), 0, std::sqrt(2.0 / (2 * 3 * 64)));
  CHECK((layer.weight == Array<float>(xt::transpose(expected, {0, 1, 3, 2}))));
}

TEST_CASE("Dirac passes channels on in each group", "[nn]") {
  xtape::Rng rng{1};
  const nn::Dirac<> dirac{.groups = 2};
  const nn::Conv2d<double> there(4, 6, 3, rng, {.padding = 1, .groups = 2, .bias = false}, dirac);
  const nn::ConvTranspose2d<double> back(4, 4, 3, rng, {.padding = 1, .groups = 2}, dirac);
  Tape<double> tape;
  const Array<double> images = random_normal<double>({2, 4, 5, 4}, rng);
  const auto y = there(tape.constant(images));
  CHECK((xtape::concatenate({slice(y, 0, 2, -1), slice(y, 3, 5, -1)}, -1).value() == images));
  CHECK((back(tape.constant(images)).value() == images));
  Array<double> odd(Shape{3, 3, 2, 5});
  CHECK_FAILS(dirac(odd, rng), xtape::ShapeError,
              "Dirac: 5 results cannot be divided into 2 groups");
}

TEST_CASE("Dirac passes channels on, and draws the other filters", "[nn]") {
  xtape::Rng rng{1};
  const nn::Conv2d<double> layer(2, 3, 3, rng, {.padding = 1, .bias = false}, nn::Dirac{});
  Tape<double> tape;
  const Array<double> images = random_normal<double>({2, 4, 5, 2}, rng);
  const auto y = layer(tape.constant(images));
  CHECK((slice(y, 0, 2, -1).value() == images));
  CHECK(layer.weight(0, 0, 0, 2) != 0);
  xtape::Array<double> matrix(Shape{2, 2});
  CHECK_FAILS(nn::Dirac{}(matrix, rng), xtape::ShapeError,
              "Dirac: expected a weight (..., in, out), got (2, 2)");
}

TEST_CASE("Convolution layers say what they are and what they want", "[nn]") {
  xtape::Rng rng;
  const nn::Conv2d conv(3, 64, {5, 3}, rng);
  const nn::Conv1d sequence(3, 64, 5, rng);
  Tape<float> tape;
  const auto flat = tape.constant(Array<float>(Shape{8, 3}, 1.f));
  CHECK_FAILS(conv(flat), xtape::ShapeError,
              "Conv2d 3 -> 64, 5 x 3: expected (batch, height, width, 3), got (8, 3)");
  CHECK_FAILS(sequence(flat), xtape::ShapeError,
              "Conv1d 3 -> 64, 5: expected (batch, length, 3), got (8, 3)");
  CHECK_FAILS(nn::Conv1d(3, 4, 5, rng, {.stride = {2, 1}}), xtape::ValueError,
              "Conv1d: expected one number as stride, got (2, 1)");
  CHECK_FAILS(nn::Conv1d(3, 4, 5, rng, {.padding = {2, 1}}), xtape::ValueError,
              "Conv1d: expected one number as padding, got (2, 1)");
  CHECK_FAILS(nn::Conv1d(3, 4, 5, rng, {.dilation = {1, 2}}), xtape::ValueError,
              "Conv1d: expected one number as dilation, got (1, 2)");
  CHECK_FAILS(nn::Conv2d(3, 0, 5, rng), xtape::ValueError,
              "Conv2d: expected sizes of at least 1, got 3 -> 0, kernel (5, 5), groups 1");
  CHECK_FAILS(nn::Conv2d(3, 4, {0, 1}, rng), xtape::ValueError,
              "Conv2d: expected sizes of at least 1, got 3 -> 4, kernel (0, 1), groups 1");
  CHECK_FAILS(nn::ConvTranspose2d(3, 4, 5, rng, {.groups = 2}), xtape::ValueError,
              "ConvTranspose2d: 3 channels to 4 cannot be divided into 2 groups");
  const std::string table = nn::table(nn::Sequential{nn::Conv2d(3, 64, 5, rng, {.bias = false})});
  CHECK(table.find("Conv2d 3 -> 64, 5 x 5") != std::string::npos);
  CHECK(table.find("weight (5, 5, 3, 64)") != std::string::npos);
  CHECK(table.find("bias") == std::string::npos);
}

TEST_CASE("Weights of convolutions are (out, in, height, width) in PyTorch's files", "[nn]") {
  const TemporaryFolder folder;
  xtape::Rng rng{1};
  const nn::Conv2d<float> conv(2, 4, {3, 5}, rng);
  nn::save_weights(folder / "w", conv, {.pytorch = true});
  const nn::SafetensorsFile file(folder / "w");
  const auto& stored = file.tensors().at("weight");
  REQUIRE(xtape::same_shape(stored.shape, {4, 2, 3, 5}));
  Array<float> weight(Shape{4, 2, 3, 5});
  file.read(stored, std::as_writable_bytes(std::span(weight.storage())));
  const Array<float> expected = xt::transpose(conv.weight, {3, 2, 0, 1});
  CHECK((weight == expected));

  nn::Conv2d<float> other(2, 4, {3, 5}, rng);
  nn::load_weights(folder / "w", other, {.pytorch = true});
  CHECK((other.weight == conv.weight));
  nn::Conv2d<float> turned(2, 4, {5, 3}, rng);
  CHECK_THROWS_AS(nn::load_weights(folder / "w", turned, {.pytorch = true}), xtape::DataError);
}

TEST_CASE("A training step of convolutions that oneDNN does not compute allocates nothing",
          "[nn][threads]") {
  if (!counts_allocations()) {
    XTAPE_SKIP("SKIPPED: a sanitizer has replaced operator new in this build");
  }
  const std::size_t threads = xtape::thread_count();
  for (const std::size_t count : {1UL, 2UL}) {
    xtape::set_thread_count(count);
    xtape::Rng rng;
    nn::Sequential model{nn::Conv2d(16, 24, 3, rng, {.padding = 1}), nn::ReLU{},
                         nn::Conv2d(24, 16, 3, rng, {.padding = 1}), nn::ReLU{},
                         nn::Conv2d(16, 16, 1, rng, {.bias = false})};
    const Array<float> images = random_normal<float>({9, 10, 12, 16}, rng);
    Tape<float> tape;
    const auto step = [&] {
      tape.rewind();
      tape.backward(sum(model(tape.constant(images))));
    };
    step();
    step();
    const std::size_t before = allocation_count();
    step();
    CHECK(allocation_count() == before);
  }
  xtape::set_thread_count(threads);
}
