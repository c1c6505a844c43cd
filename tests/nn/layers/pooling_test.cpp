#include "nn/layers/pooling.hpp"

#include "autograd/ops/ops.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/upsample.hpp"
#include "nn/sequential.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/complaints.hpp"

namespace nn = xtape::nn;
using xtape::Shape;
using xtape::Tape;

TEST_CASE("Pools as layers call their ops, and say how their windows lie") {
  xtape::Rng rng;
  Tape<float> tape;
  const auto x = tape.constant(random_normal<float>({2, 8, 6, 3}, rng));
  CHECK((nn::MaxPool2d(2)(x).value() == max_pool2d(x, 2).value()));
  const nn::MaxPool2d overlapping(3, {.stride = 2, .padding = 1});
  CHECK((overlapping(x).value() == max_pool2d(x, 3, {.stride = 2, .padding = 1}).value()));
  const nn::AvgPool2d mean({2, 3}, {.padding = {0, 1}, .count_padding = false});
  CHECK((mean(x).value() ==
         avg_pool2d(x, {2, 3}, {.padding = {0, 1}, .count_padding = false}).value()));
  CHECK((nn::GlobalAvgPool2d{}(x).value() == global_avg_pool2d(x).value()));
  CHECK(nn::MaxPool2d(2).describe() == "MaxPool2d 2x2");
  CHECK(nn::MaxPool2d(2, {.stride = 2}).describe() == "MaxPool2d 2x2");
  CHECK(overlapping.describe() == "MaxPool2d 3x3, stride 2x2, padding 1x1");
  CHECK(mean.describe() == "AvgPool2d 2x3, padding 0x1");
}

TEST_CASE("Upsample2d calls its op") {
  Tape<float> tape;
  xtape::Rng rng;
  const auto x = tape.constant(random_normal<float>({1, 2, 3, 2}, rng));
  const nn::Upsample2d nearest(2), bilinear({1, 3}, xtape::Upsampling::bilinear);
  CHECK((nearest(x).value() == upsample2d(x, 2).value()));
  CHECK((bilinear(x).value() == upsample2d(x, {1, 3}, xtape::Upsampling::bilinear).value()));
  CHECK(nearest.describe() == "Upsample2d 2x2, nearest");
  CHECK(bilinear.describe() == "Upsample2d 1x3, bilinear");
}

TEST_CASE("A network of pools is a table, and Flatten serves images") {
  xtape::Rng rng;
  const nn::Sequential model{nn::MaxPool2d(2), nn::AvgPool2d(2), nn::Flatten{},
                             nn::Linear(2 * 1 * 3, 4, rng)};
  const std::string table = model.table(Shape{8, 6, 3});
  for (const char* part : {"MaxPool2d 2x2", "(batch, 4, 3, 3)", "(batch, 2, 1, 3)", "(batch, 6)"}) {
    CHECK(table.find(part) != std::string::npos);
  }
  CHECK(nn::Sequential<float>{nn::GlobalAvgPool2d{}}.table(Shape{8, 6, 3}).find("(batch, 3)") !=
        std::string::npos);
  Tape<float> tape;
  CHECK_FAILS(model(tape.constant(xtape::Array<float>(Shape{2, 1, 6, 3}))), xtape::ShapeError,
              "layer 0 (MaxPool2d 2x2): max_pool2d: (2, 1, 6, 3) with kernel (2, 2), padding 0: "
              "the kernel does not fit into the image");
}
