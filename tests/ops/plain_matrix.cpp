#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/ops/plain.hpp"
#include "tests/support/arrays.hpp"

/// The plain twins of products, by sums over all indices.

namespace xtape::plain {
namespace {

/// The sum of products of operands whose axes have these labels. Axes of extent 1 broadcast.
Tensor sum_of_products(const std::vector<const Tensor*>& operands,
                       const std::vector<std::string>& labels, const std::string& result) {
  std::map<char, std::size_t> extents;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    for (std::size_t axis = 0; axis < labels[i].size(); ++axis) {
      std::size_t& extent = extents.emplace(labels[i][axis], 1).first->second;
      extent = operands[i]->shape[axis] == 1 ? extent : operands[i]->shape[axis];
    }
  }
  Shape all, shape;
  for (const auto& [label, extent] : extents) {
    all.push_back(extent);
  }
  for (const char label : result) {
    shape.push_back(extents.at(label));
  }
  Tensor y{shape, std::vector<Number>(element_count(shape))};
  std::generate(y.elements.begin(), y.elements.end(), [] { return make(0); });
  for_each_index(all, [&](const std::vector<std::size_t>& places) {
    const auto index_of = [&](const std::string& of) {
      std::vector<std::size_t> index;
      for (const char label : of) {
        index.push_back(
            places[static_cast<std::size_t>(std::distance(extents.begin(), extents.find(label)))]);
      }
      return index;
    };
    Number product = make(1);
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Tensor& x = *operands[i];
      const Number& factor = x.elements[broadcast_offset(x.shape, index_of(labels[i]))];
      product = make(product->value * factor->value,
                     {{product, factor->value}, {factor, product->value}});
    }
    Number& element = y.elements[broadcast_offset(y.shape, index_of(result))];
    element = make(element->value + product->value, {{element, 1}, {product, 1}});
  });
  return y;
}

Tensor summed(const std::string& equation, const std::vector<const Tensor*>& operands) {
  std::vector<std::string> labels{""};
  std::string result;
  const std::size_t arrow = equation.find("->");
  for (const char c : equation.substr(0, arrow)) {
    c == ',' ? labels.emplace_back() : labels.back() += c;
  }
  if (arrow != std::string::npos) {
    result = equation.substr(arrow + 2);
  } else {
    for (char c = 'A'; c <= 'z'; ++c) {
      result += std::count(equation.begin(), equation.end(), c) == 1 ? std::string(1, c) : "";
    }
  }
  return sum_of_products(operands, labels, result);
}

}  // namespace

Tensor einsum(const std::string& equation, const Tensor& x) { return summed(equation, {&x}); }
Tensor einsum(const std::string& equation, const Tensor& x, const Tensor& y) {
  return summed(equation, {&x, &y});
}
Tensor einsum(const std::string& equation, const Tensor& x, const Tensor& y, const Tensor& z) {
  return summed(equation, {&x, &y, &z});
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  const std::size_t batch = std::max({a.shape.size(), b.shape.size(), std::size_t{2}}) - 2;
  const std::string all = std::string("abcdefgh").substr(0, batch);
  const auto last = [&](const Tensor& x) {
    return all.substr(x.shape.size() < 2 ? batch : batch + 2 - x.shape.size());
  };
  const std::string rows = a.shape.size() < 2 ? "" : "m", columns = b.shape.size() < 2 ? "" : "n";
  return sum_of_products({&a, &b}, {last(a) + rows + "k", last(b) + "k" + columns},
                         all + rows + columns);
}

}  // namespace xtape::plain
