// clang-format off: as tests/autograd/random_graph_print.cpp wrote it
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <vector>
#include <xtape.hpp>

int main() {
  xtape::Tape<double> tape;
  const auto leaf = [&](const xtape::Shape& shape, std::initializer_list<double> values) {
    return tape.variable([&](xtape::Array<double>& x) {
      xtape::resize(x, shape);
      std::copy(values.begin(), values.end(), x.data());
    });
  };
  int wrong = 0;
  const auto compare = [&](const char* what, const xtape::Array<double>& array,
                           std::initializer_list<double> expected) {
    const double* got = array.data();
    for (const double wanted : expected) {
      if (!(std::abs(*got - wanted) <= 1e-6 * (1 + std::abs(wanted)))) {
        std::printf("%s: got %.17g, expected %.9g\n", what, *got, wanted);
        ++wrong;
      }
      ++got;
    }
  };
  const auto v0 = leaf(xtape::Shape{2, 2}, {-0.8125, 1.890625, 1.1875, 1.296875});
  const auto v1 = gather(v0, std::vector<int>{0, 1, 1, 0, 0});
  const auto v2 = sum(v1);
  const auto v3 = leaf(xtape::Shape{4}, {-1.875, 0.015625, -1.984375, 1.1875});
  const auto v4 = softmax(v3);
  const auto v5 = sum(v4);
  const auto v6 = v2 + v5;
  const auto v7 = leaf(xtape::Shape{3, 3, 1}, {-0.234375, 0.578125, 1.859375, -1.84375, -0.296875, 1.171875, 0.96875, -1.125, 1.203125});
  const auto v8 = log_softmax(v7);
  const auto v9 = sum(v8);
  const auto v10 = v6 + v9;
  const auto v11 = leaf(xtape::Shape{7, 2}, {-1.421875, 0.1875, 0.671875, -1.6875, -0.609375, 1.953125, -0.609375, -0.0625, -0.28125, -1.59375, 0.15625, -0.671875, -0.03125, 1.859375});
  const auto v12 = softmax_cross_entropy(v11, std::vector<int>{1, 0, 1, 0, 0, 0, 0}, xtape::Reduction::mean);
  const auto v13 = sum(v12);
  const auto v14 = v10 + v13;
  const auto v15 = leaf(xtape::Shape{2, 1}, {-1.046875, 0.96875});
  const auto v16 = leaf(xtape::Shape{2, 1}, {1.34375, 1.328125});
  const auto v17 = softmax_cross_entropy(v15, v16, xtape::Reduction::mean);
  const auto v18 = sum(v17);
  const auto v19 = v14 + v18;
  const auto v20 = leaf(xtape::Shape{}, {-0.890625});
  const auto v21 = leaf(xtape::Shape{}, {0.328125});
  const auto v22 = mse(v20, v21, xtape::Reduction::sum);
  const auto v23 = sum(v22);
  const auto v24 = v19 + v23;
  tape.backward(sum(v24 * leaf(xtape::Shape{}, {0.5})));
  compare("v24", v24.value(), {11.2573983});
  compare("gradient of v0", v0.grad(), {1.5, 1.5, 1, 1});
  compare("gradient of v3", v3.grad(), {-3.46944695e-18, -2.77555756e-17, -1.73472348e-18, -5.55111512e-17});
  compare("gradient of v7", v7.grad(), {5.55111512e-17, 0, 0, 0, 0, 5.55111512e-17, 5.55111512e-17, 0, 5.55111512e-17});
  compare("gradient of v11", v11.grad(), {0.011905386, -0.011905386, -0.00616596261, 0.00616596261, 0.0051136571, -0.0051136571, -0.0452435903, 0.0452435903, -0.0151477717, 0.0151477717, -0.0217172625, 0.0217172625, -0.0620590554, 0.0620590554});
  compare("gradient of v15", v15.grad(), {0, -5.55111512e-17});
  compare("gradient of v16", v16.grad(), {0, 2.77555756e-17});
  compare("gradient of v20", v20.grad(), {-1.21875});
  compare("gradient of v21", v21.grad(), {1.21875});
  return wrong;
}
