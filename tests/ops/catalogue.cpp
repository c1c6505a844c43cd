#include "tests/ops/catalogue.hpp"

#include <cstdint>
#include <span>
#include <vector>

#include "tests/ops/check_op.hpp"

namespace xtape {
namespace {

using Entries = std::vector<CatalogueEntry>;

Entries arithmetic() {
  return {
      {"operator+", {broadcasting([](auto a, auto b) { return a + b; }), each_shape([](auto x) {
                       return x + x;
                     })}},
      {"operator+", {each_shape([](auto a) { return a + 0.25; })}},
      {"operator+", {each_shape([](auto b) { return 0.25 + b; })}},
      {"operator-", {broadcasting([](auto a, auto b) { return a - b; }), each_shape([](auto x) {
                       return (x - x) + (2 * x - x);
                     })}},
      {"operator-", {each_shape([](auto a) { return a - 0.25; })}},
      {"operator-", {each_shape([](auto b) { return 0.25 - b; })}},
      {"operator*", {broadcasting([](auto a, auto b) { return a * b; }), each_shape([](auto x) {
                       return x * x * x;
                     })}},
      {"operator*", {each_shape([](auto a) { return a * -1.5; })}},
      {"operator*", {each_shape([](auto b) { return -1.5 * b; })}},
      {"operator/",
       {broadcasting([](auto a, auto b) { return a / b; }, off_zero),
        each_shape([](auto x) { return x / (x * x); }, off_zero)}},
      {"operator/", {each_shape([](auto a) { return a / -1.5; })}},
      {"operator/", {each_shape([](auto b) { return -1.5 / b; }, off_zero)}},
      {"operator-", {each_shape([](auto x) { return -x; })}},
  };
}

Entries math() {
  return {
      {"exp", {each_shape([](auto x) { return exp(x); })}},
      {"log", {each_shape([](auto x) { return log(x); }, positive)}},
      {"sqrt", {each_shape([](auto x) { return sqrt(x); }, positive)}},
      {"square", {each_shape([](auto x) { return square(x); })}},
      {"pow",
       {each_shape([](auto x) { return pow(x, -1.5); }, positive),
        each_shape([](auto x) { return pow(x, 0.5); }, positive),
        each_shape([](auto x) { return pow(x, 0); }), each_shape([](auto x) { return pow(x, 1); }),
        each_shape([](auto x) { return pow(x, 3); }),
        each_shape([](auto x) { return pow(x, -2); }, off_zero)}},
      {"abs", {each_shape([](auto x) { return abs(x); }, off_zero)}},
  };
}

Entries activations() {
  return {
      {"sigmoid", {each_shape([](auto x) { return sigmoid(x); })}},
      {"tanh", {each_shape([](auto x) { return tanh(x); })}},
      {"relu", {each_shape([](auto x) { return relu(x); }, off_zero)}},
      {"leaky_relu",
       {each_shape([](auto x) { return leaky_relu(x); }, off_zero),
        each_shape([](auto x) { return leaky_relu(x, 0.25); }, off_zero)}},
      {"softplus", {each_shape([](auto x) { return softplus(x); })}},
      {"gelu", {each_shape([](auto x) { return gelu(x); })}},
  };
}

Entries matrix() {
  const Shapes products = {{Shape{3, 4}, Shape{4, 5}},    {Shape{1, 1}, Shape{1, 1}},
                           {Shape{1, 7}, Shape{7, 1}},    {Shape{7, 1}, Shape{1, 7}},
                           {Shape{2, 33}, Shape{33, 17}}, {Shape{0, 3}, Shape{3, 2}},
                           {Shape{2, 3}, Shape{3, 0}},    {Shape{2, 0}, Shape{0, 3}}};
  const Shapes layers = {
      {Shape{3, 4}, Shape{4, 5}, Shape{5}}, {Shape{1, 1}, Shape{1, 1}, Shape{1}},
      {Shape{1, 7}, Shape{7, 3}, Shape{3}}, {Shape{5, 33}, Shape{33, 17}, Shape{17}},
      {Shape{0, 3}, Shape{3, 2}, Shape{2}}, {Shape{2, 3}, Shape{3, 0}, Shape{0}},
      {Shape{2, 0}, Shape{0, 3}, Shape{3}}};
  return {
      {"matmul",
       {at(products, [](auto a, auto b) { return matmul(a, b); }),
        at({{Shape{4, 4}}}, [](auto x) { return matmul(x, x); })}},
      {"linear",
       {at(layers, [](auto x, auto weight, auto bias) { return linear(x, weight, bias); }),
        at({{Shape{4, 4}, Shape{4}}}, [](auto x, auto bias) { return linear(x, x, bias); })}},
  };
}

/// reduce(x, axes, keepdims) of three axes, for every set of them.
template <class Reduce>
Check over_axes(const Shapes& shapes, Reduce reduce) {
  return [=](Probe probe) {
    for (const Axes& axes : {Axes::all(), Axes(0), Axes(1), Axes(2), Axes(-1), Axes(-3), Axes{0, 1},
                             Axes{0, -1}, Axes{2, 1}, Axes{-1, 0, 1}}) {
      for (const bool keepdims : {false, true}) {
        at(shapes, [&](auto x) { return reduce(x, axes, keepdims); })(probe);
      }
    }
  };
}

Entries reductions() {
  const Shapes cubes = {{Shape{2, 3, 4}}, {Shape{1, 3, 1}}, {Shape{5, 1, 17}}, {Shape{1, 1, 1}}};
  const Shapes no_elements = {{Shape{0, 3, 2}}, {Shape{2, 0, 3}}, {Shape{2, 3, 0}}};
  const Shapes some = {{Shape{7}}, {Shape{1}}, {Shape{100}}, {Shape{3, 4}}, {Shape{17, 33}}};
  const auto sum_over = [](auto x, const Axes& axes, bool keep) { return sum(x, axes, keep); };
  const auto mean_over = [](auto x, const Axes& axes, bool keep) { return mean(x, axes, keep); };
  const auto max_last = [](auto x) { return max(x, -1); };
  return {
      {"sum",
       {each_shape([](auto x) { return sum(x); }), over_axes(cubes, sum_over),
        over_axes(no_elements, sum_over), at(some, [](auto x) { return sum(x, 0); }),
        at(some, [](auto x) { return sum(x, -1, true) * x; })}},
      {"mean",
       {at(some, [](auto x) { return mean(x); }), at({{Shape{}}}, [](auto x) { return mean(x); }),
        over_axes(cubes, mean_over), at(some, [](auto x) { return mean(x, 0); }),
        at({{Shape{0, 3}}}, [](auto x) { return mean(x, 1); })}},
      {"max",
       {at(
            cubes, [](auto x) { return max(x, 0); }, distinct),
        at(
            cubes, [](auto x) { return max(x, 0, true); }, distinct),
        at(
            cubes, [](auto x) { return max(x, 1); }, distinct),
        at(
            cubes, [](auto x) { return max(x, -2, true) * x; }, distinct),
        at(cubes, max_last, distinct), at(some, max_last, distinct),
        at({{Shape{0, 3}}, {Shape{3, 0, 2}}}, max_last, distinct),
        at(
            some, [](auto x) { return max(x, 0, true) * x; }, distinct)}},
  };
}

Entries shaping() {
  const Shapes dozen = {{Shape{12}}, {Shape{3, 4}}, {Shape{2, 1, 6}}, {Shape{12, 1}}};
  const Shapes ones = {{Shape{}}, {Shape{1}}, {Shape{1, 1}}};
  const Shapes matrices = {{Shape{3, 4}},    {Shape{1, 5}},       {Shape{5, 1}},
                           {Shape{0, 3}},    {Shape{33, 17}},     {Shape{40, 37}},
                           {Shape{2, 0, 3}}, {Shape{2, 3, 4, 1}}, {Shape{2, 3, 3, 5}}};
  const Shapes cubes = {{Shape{2, 3, 4}}, {Shape{1, 3, 1}}, {Shape{5, 1, 17}}, {Shape{2, 0, 3}}};
  const Shapes rows = {{Shape{5}}, {Shape{5, 1}}, {Shape{5, 3}}, {Shape{5, 2, 17}}, {Shape{5, 0}}};
  const Shapes stacks = {{Shape{2, 3}, Shape{4, 3}}, {Shape{2, 17}, Shape{1, 17}},
                         {Shape{0, 3}, Shape{2, 3}}, {Shape{2, 1, 3}, Shape{2, 1, 3}},
                         {Shape{3}, Shape{1}},       {Shape{2, 0}, Shape{3, 0}}};
  const Shapes sides = {{Shape{3, 2}, Shape{3, 4}},
                        {Shape{5, 17}, Shape{5, 1}},
                        {Shape{3, 0}, Shape{3, 2}},
                        {Shape{0, 2}, Shape{0, 3}}};
  const Shapes middles = {{Shape{2, 3, 4}, Shape{2, 1, 4}, Shape{2, 2, 4}}};
  return {
      {"reshape",
       {at(dozen,
           [](auto x) {
             return reshape(x, {2, 6});
           }),
        at(dozen,
           [](auto x) {
             return reshape(x, {-1, 3}) * reshape(x, {4, -1});
           }),
        at(dozen, [](auto x) { return reshape(x, x.shape()); }),
        at(ones, [](auto x) { return reshape(x, {}); }),
        at(ones,
           [](auto x) {
             return reshape(x, {1, 1, -1});
           }),
        at({{Shape{0, 3}}},
           [](auto x) {
             return reshape(x, {-1, 5});
           })}},
      {"transpose",
       {at(matrices, [](auto x) { return transpose(x); }),
        at(matrices, [](auto x) { return transpose(x, 1, 0) + transpose(x, 0, 1); }),
        at(cubes, [](auto x) { return transpose(x, 0, 2) * transpose(x, -1, 0); }),
        at(cubes, [](auto x) { return transpose(x, 0, 1); }),
        at({{Shape{4}}, {Shape{2, 3}}}, [](auto x) { return transpose(x, 0, 0); })}},
      {"concatenate",
       {at(stacks,
           [](auto a, auto b) {
             return concatenate(std::span<const decltype(a)>(std::vector{a, b, a}));
           })}},
      {"concatenate",
       {at(stacks,
           [](auto a, auto b) {
             return concatenate({a, b});
           }),
        at(sides,
           [](auto a, auto b) {
             return concatenate({a, b}, -1);
           }),
        at(middles,
           [](auto a, auto b, auto c) {
             return concatenate({a, b, c}, 1);
           }),
        at(cubes,
           [](auto x) {
             return concatenate({x, x}, -2) * concatenate({x, x}, 1);
           })}},
      {"concatenate",
       {at(cubes, [](auto x) { return concatenate(std::vector{x}, 2); }),
        at(sides,
           [](auto a, auto b) {
             return concatenate(std::vector{a, b, a}, 1);
           })}},
      {"slice",
       {at(rows, [](auto x) { return slice(x, 1, 4); }),
        at(rows, [](auto x) { return slice(x, 0, 5) * slice(x, -5, 5); }),
        at(rows, [](auto x) { return slice(x, 2, 2) + slice(x, -3, 2); }),
        at(rows, [](auto x) { return slice(x, -1, 5, 0) * slice(x, 0, -4, 0); }),
        at({{Shape{2, 3, 4}}, {Shape{1, 3, 1}}}, [](auto x) { return slice(x, 1, 3, 1); }),
        at({{Shape{2, 3, 4}}, {Shape{5, 17}}}, [](auto x) { return slice(x, 1, -1, -1); })}},
      {"gather",
       {at(rows,
           [](auto x) {
             return gather(x, {4, 0, 2});
           }),
        at(rows,
           [](auto x) {
             return gather(x, {1, 1, 3, 1}) + gather(x, {0, 1, 2, 3});
           }),
        at(rows, [](auto x) { return gather(x, std::vector<int>()); })}},
  };
}

Entries softmaxes() {
  const Shapes rows = {{Shape{1}},       {Shape{7}},    {Shape{16}},
                       {Shape{3, 4}},    {Shape{5, 1}}, {Shape{17, 33}},
                       {Shape{2, 3, 4}}, {Shape{0, 3}}, {Shape{1, 100}}};
  return {
      {"softmax",
       {at(rows, [](auto x) { return softmax(x); }),
        at(rows, [](auto x) { return x * softmax(x); })}},
      {"log_softmax",
       {at(rows, [](auto x) { return log_softmax(x); }),
        at(rows, [](auto x) { return x * log_softmax(x); })}},
  };
}

Entries losses() {
  const Shapes batches = {{Shape{3, 4}}, {Shape{3, 17}}, {Shape{3, 1}}};
  const Shapes rows_of_targets = {{Shape{3, 4}, Shape{3, 4}},
                                  {Shape{1, 1}, Shape{1, 1}},
                                  {Shape{5, 17}, Shape{5, 17}},
                                  {Shape{2, 33}, Shape{2, 33}}};
  const Shapes pairs = {{Shape{}, Shape{}}, {Shape{100}, Shape{100}}, {Shape{3, 4}, Shape{3, 4}}};
  const std::vector<std::uint8_t> labels = {0, 3, 3};
  return {
      {"softmax_cross_entropy",
       {at({{Shape{3, 4}}, {Shape{3, 17}}},
           [=](auto x) { return softmax_cross_entropy(x, labels); }),
        at({{Shape{3, 4}}, {Shape{3, 33}}},
           [=](auto x) { return softmax_cross_entropy(x, labels, Reduction::sum) * sum(x); }),
        at({{Shape{1, 1}}, {Shape{1, 7}}}, [](auto x) { return softmax_cross_entropy(x, {0}); })}},
      {"softmax_cross_entropy",
       {at(
            rows_of_targets, [](auto x, auto t) { return softmax_cross_entropy(x, t); }, positive),
        at(
            rows_of_targets,
            [](auto x, auto t) { return softmax_cross_entropy(x, t, Reduction::sum); }, positive),
        at({{Shape{3, 4}}}, [](auto x) { return softmax_cross_entropy(x, x); })}},
      {"mse",
       {at(pairs, [](auto a, auto b) { return mse(a, b); }),
        at(pairs, [](auto a, auto b) { return mse(a, b, Reduction::sum); }),
        at({{Shape{0}, Shape{0}}}, [](auto a, auto b) { return mse(a, b, Reduction::sum); }),
        at({{Shape{3, 4}}}, [](auto x) { return mse(x * x, x); })}},
  };
}

/// dropout with the same mask whenever it is called.
template <class T>
Variable<T> dropout_seeded(Variable<T> x, double rate) {
  Rng rng(3);
  return dropout(x, rate, rng);
}

Entries dropouts() {
  return {{"dropout",
           {each_shape([](auto x) { return dropout_seeded(x, 0.5); }),
            each_shape([](auto x) { return dropout_seeded(x, 0.125) * x; }),
            each_shape([](auto x) { return dropout_seeded(x, 0); }),
            each_shape([](auto x) { return dropout_seeded(x, 1); }),
            each_shape([](auto x) { return dropout(x, 0.5, x.tape().rng()); })}}};
}

}  // namespace

const std::vector<CatalogueEntry>& catalogue() {
  static const Entries all = [] {
    Entries entries;
    for (const Entries& family : {activations(), arithmetic(), dropouts(), losses(), math(),
                                  matrix(), reductions(), shaping(), softmaxes()}) {
      entries.insert(entries.end(), family.begin(), family.end());
    }
    return entries;
  }();
  return all;
}

}  // namespace xtape
