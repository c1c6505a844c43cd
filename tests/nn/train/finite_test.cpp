#include "nn/train/finite.hpp"

#include <limits>

#include "tests/support/catch.hpp"
#include "tests/support/models.hpp"

namespace nn = xtape::nn;

namespace {

struct WithBuffer {
  xtape::Array<float> weight{1, 2}, mean{3, 4};

  static void visit(auto& self, auto&& f) { f("weight", self.weight), f.buffer("mean", self.mean); }
};

}  // namespace

TEST_CASE("find_not_finite names the first number that is spoilt", "[nn]") {
  TwoParameters<double> model{{1, 2}, {3, 4, 5}};
  CHECK_FALSE(nn::find_not_finite(model));
  model.second(2) = -std::numeric_limits<double>::infinity();
  CHECK(nn::find_not_finite(model) == "parameter 'second' is -inf at element 2");
  model.first(1) = std::numeric_limits<double>::quiet_NaN();
  CHECK(nn::find_not_finite(model) == "parameter 'first' is nan at element 1");
  WithBuffer other;
  CHECK_FALSE(nn::find_not_finite(other));
  other.mean(0) = std::numeric_limits<float>::infinity();
  CHECK(nn::find_not_finite(other) == "buffer 'mean' is inf at element 0");
}
