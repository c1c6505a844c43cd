#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops/images.hpp"
#include "autograd/ops/losses.hpp"
#include "tensor/pair.hpp"
#include "tests/ops/plain.hpp"

/// One row per op. A row of tests/ops/table.cpp is all that is said about an op to check it: by
/// finite differences, in float, with hostile numbers, with allocations that fail, in random
/// graphs, by its formula, against PyTorch, and in docs/ops.md.

namespace xtape {

/// What an op takes beside its operands. The expression of a row names what it takes: `of.axis`.
struct Of {
  std::ptrdiff_t axis = 0, other = 0, begin = 0, end = 0, step = 1;
  bool keepdims = false;
  std::vector<std::ptrdiff_t> axes{}, shape{};
  std::vector<int> rows{}, labels{};
  Reduction reduction = Reduction::mean;
  Pair kernel = 1, stride = 1, padding = 0;
  bool count_padding = true;
  std::size_t groups = 1;
  Pair factor = 1;
  Margins margins = 0;

  /// Calls f(name, value) for each of them.
  template <class F>
  void visit(F f) const {
    f("axis", axis), f("other", other), f("begin", begin), f("end", end), f("step", step),
        f("keepdims", keepdims), f("axes", axes), f("shape", shape), f("rows", rows),
        f("labels", labels), f("reduction", reduction), f("kernel", kernel), f("stride", stride),
        f("padding", padding), f("count_padding", count_padding), f("groups", groups),
        f("factor", factor), f("margins", margins);
  }
};

/// Numbers that an operand may hold, so that finite differences stay away from kinks and poles:
/// any; above 0; away from 0; apart from each other; in [-4, 4]; square matrices that are far from
/// singular; symmetric positive definite ones; near whole numbers in [-4, 4]; near halves between
/// whole numbers there. The last two are apart from each other.
enum class Domain {
  any,
  positive,
  off_zero,
  distinct,
  bounded,
  dominant,
  definite,
  wholes,
  halves
};

/// Shapes of all operands, and the other arguments.
struct Sample {
  std::vector<Shape> shapes;
  Of of{};
};

/// Which shapes and arguments an op takes.
struct Kind {
  std::vector<Sample> samples;  ///< At which it is checked by itself.

  /// Whether these are shapes of all its operands.
  std::function<bool(std::span<const Shape>)> fits;

  /// Shapes of all operands for a first one; empty when there are none.
  std::function<std::vector<Shape>(const Shape&, Rng&)> complete;

  /// Other arguments for operands of these shapes.
  std::function<Of(std::span<const Shape>, Rng&)> draw;
};

/// The kinds, each with its samples; see tests/ops/*kinds.cpp.
namespace kind {

Kind each_shape();                         ///< One operand of any shape.
Kind full();                               ///< One operand that has elements.
Kind broadcasting();                       ///< Two operands that broadcast.
Kind axes();                               ///< axes, keepdims: any axes of one operand.
Kind full_axes();                          ///< axes, keepdims: axes that are not empty.
Kind last_axis();                          ///< One operand whose last axis is not empty.
Kind product();                            ///< Two vectors, matrices, or batches of matrices.
Kind summed(const std::string& equation);  ///< The operands of an equation of einsum.
Kind layer();                              ///< A batch, weights and a bias.
Kind reshaped();            ///< shape: another shape of as many elements, maybe with a -1.
Kind two_axes();            ///< axis, other.
Kind permuted();            ///< axes: all axes of one operand in another order.
Kind squeezed();            ///< axes of extent 1.
Kind unsqueezed();          ///< axis: the place of a new one.
Kind spread();              ///< shape: another one that one operand broadcasts to.
Kind joined();              ///< axis: two operands that fit one after the other.
Kind stacked();             ///< axis: two operands of one shape.
Kind range();               ///< begin, end, axis.
Kind opened();              ///< begin: of the first axis.
Kind stepped();             ///< begin, end, axis, step.
Kind halved();              ///< axis of even extent; the first one in random graphs.
Kind place();               ///< begin: a place along an axis.
Kind rows();                ///< rows of one operand.
Kind places();              ///< axis, rows: places along an axis.
Kind scattered();           ///< axis, rows: one operand, and values for these places of it.
Kind square();              ///< One operand of square matrices.
Kind system();              ///< Square matrices, and vectors or matrices as high.
Kind triangular_system();   ///< Square matrices, and matrices as high.
Kind matrices();            ///< other: one operand of at least two axes, and a diagonal.
Kind vectors();             ///< other: one operand of at least one axis, and a diagonal.
Kind labelled();            ///< labels, reduction: a batch of logits.
Kind targeted();            ///< reduction: two batches of one shape.
Kind alike();               ///< reduction: two operands of one shape.
Kind batch_normed();        ///< (batch, ..., channels), weight and bias.
Kind layer_normed();        ///< (..., features), weight and bias.
Kind layer_normed_twice();  ///< (..., rows, columns) and a weight.
Kind group_normed();        ///< groups: (batch, ..., channels), weight and bias.
Kind images();              ///< Images that have pixels.
Kind enlarged();            ///< factor: images that have pixels.
Kind padded();              ///< padding, margins: images with more pixels than are added.
Kind windows();             ///< kernel, stride, padding, count_padding: images under windows.

}  // namespace kind

/// Plain loops over the formulas of an op of each element: y = f(x), and its slope.
template <class T>
struct Loops {
  void (*values)(const T* x, T* y, std::size_t count);
  void (*slopes)(const T* x, const T* y, T* slope, std::size_t count);
};
struct Formula {
  Loops<float> in_float;
  Loops<double> in_double;
};

/// Operands given by their numbers, for PyTorch.
struct Numbers {
  std::vector<Array<double>> operands;
  Of of{};
  bool each = false;  ///< Each element is compared on its own scale, and computed alone, too.
};

/// What is checked about an op.
struct Row {
  std::string op;        ///< As the headers declare it.
  std::string overload;  ///< The op, and what distinguishes the overload.
  std::string text;      ///< The expression, C++ of the operands x, y, z, of `of` and `rng`.
  std::string torch;     ///< The same in Python, of torch, F, x, y, z and the arguments by name.
  std::string numpy;     ///< The same with np; empty where NumPy has no such function.
  Kind kind;

  template <class V>
  using Call = std::function<V(std::span<const V>, const Of&)>;
  Call<Variable<float>> in_float;
  Call<Variable<double>> in_double;
  Call<Variable<Dual<float>>> in_dual_float;
  Call<Variable<Dual<double>>> in_dual_double;
  Call<plain::Tensor> in_plain;

  std::vector<Domain> domains{Domain::any};  ///< Of each operand; the last for all that follow.
  std::optional<Formula> formula{};          ///< Of an op of each element.
  std::vector<Numbers> numbers{};            ///< Further operands for PyTorch.
  std::string oracle{};   ///< Computed in place of `torch`, where the two differ on purpose,
  std::string because{};  ///< and why they do.
  bool refuses = false;   ///< Whether the op refuses some numbers with a ValueError.
  bool in_graphs = true;  ///< Whether random graphs have it.
  bool sampled = true;    ///< Whether PyTorch is asked at the samples of its kind.

  /// The op on the tape.
  ///@{
  Variable<float> call(std::span<const Variable<float>> x, const Of& of) const {
    return in_float(x, of);
  }
  Variable<double> call(std::span<const Variable<double>> x, const Of& of) const {
    return in_double(x, of);
  }
  Variable<Dual<float>> call(std::span<const Variable<Dual<float>>> x, const Of& of) const {
    return in_dual_float(x, of);
  }
  Variable<Dual<double>> call(std::span<const Variable<Dual<double>>> x, const Of& of) const {
    return in_dual_double(x, of);
  }
  ///@}

  /// The domain of operand i.
  Domain domain(std::size_t i) const { return domains[std::min(i, domains.size() - 1)]; }

  /// The row with what its name says.
  ///@{
  Row on(std::vector<Domain> of_operands) &&;
  Row extremes(const std::vector<double>& values) &&;
  Row extremes(const std::vector<double>& x, const std::vector<double>& y) &&;
  Row numbers_together(std::vector<Array<double>> operands, const Of& of = {}) &&;
  Row instead(std::string expression, std::string reason) &&;
  Row numbers_only() &&;
  Row alone() &&;  ///< The op refuses some numbers, so random graphs do not have it.
  Row unsampled() &&;
  ///@}
};

/// Every op, in the order of the headers: of an op's overloads in the order of their declarations.
std::span<const Row> table();

/// What a line of ops says, which PyTorch has a function for. They are asked of PyTorch and listed
/// in docs/ops.md. Their `op` is a name that no header declares.
std::span<const Row> lines();

/// The rows of families that have files of their own.
///@{
std::vector<Row> activation_rows();
std::vector<Row> comparison_rows();
std::vector<Row> convolution_rows();
std::vector<Row> einsum_rows();
std::vector<Row> image_rows();
std::vector<Row> indexing_rows();
std::vector<Row> linear_algebra_rows();
std::vector<Row> loss_rows();
std::vector<Row> math_rows();
std::vector<Row> matrix_rows();
std::vector<Row> normalization_rows();
std::vector<Row> pooling_rows();
std::vector<Row> reduction_rows();
std::vector<Row> shaping_rows();
std::vector<Row> triangle_rows();
///@}

/// How rows are made of generic lambdas.
namespace detail {

/// Applies `f` to the operands as x, y and z. The random numbers are the same in each call.
template <class V, class F>
Row::Call<V> call_of(F f) {
  return [=](std::span<const V> x, const Of& of) {
    Rng rng(3);
    const std::size_t last = x.size() - 1;
    return f(x[0], x[std::min<std::size_t>(1, last)], x[std::min<std::size_t>(2, last)], of, rng);
  };
}

template <class T, class Value, class Slope>
Loops<T> loops(Value, Slope) {
  return {[](const T* x, T* y, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
              y[i] = Value{}(x[i]);
            }
          },
          [](const T* x, const T* y, T* slope, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
              slope[i] = Slope{}(x[i], y[i]);
            }
          }};
}

template <class F>
Row tape_row(const std::string& overload, const char* text, const char* torch, const char* numpy,
             const Kind& kind, F f) {
  return Row{.op = overload.substr(0, overload.find(' ')),
             .overload = overload,
             .text = text,
             .torch = torch,
             .numpy = numpy,
             .kind = kind,
             .in_float = call_of<Variable<float>>(f),
             .in_double = call_of<Variable<double>>(f),
             .in_dual_float = call_of<Variable<Dual<float>>>(f),
             .in_dual_double = call_of<Variable<Dual<double>>>(f),
             .in_plain = {}};
}

/// A row whose plain twin is the same expression of plain::Tensor.
template <class F>
Row row(const std::string& overload, const char* text, const char* torch, const char* numpy,
        const Kind& kind, F f) {
  Row made = tape_row(overload, text, torch, numpy, kind, f);
  made.in_plain = call_of<plain::Tensor>(f);
  return made;
}

/// A row whose plain twin is the formula.
template <class F, class Value, class Slope>
Row row(const std::string& overload, const char* text, const char* torch, const char* numpy, F f,
        Value value, Slope slope) {
  Row made = tape_row(overload, text, torch, numpy, kind::each_shape(), f);
  made.formula = {loops<float>(value, slope), loops<double>(value, slope)};
  made.in_plain = [loops = made.formula->in_double](std::span<const plain::Tensor> x, const Of&) {
    return plain::each(x[0], loops.values, loops.slopes);
  };
  return made;
}

}  // namespace detail

}  // namespace xtape

/// The expression as a function of the operands, for the tape and its plain twin.
#define XTAPE_TEST_CALL(expression)                                  \
  []([[maybe_unused]] const auto& x, [[maybe_unused]] const auto& y, \
     [[maybe_unused]] const auto& z, [[maybe_unused]] const Of& of,  \
     [[maybe_unused]] Rng& rng) { return expression; }

/// OP(overload, expression, PyTorch, NumPy, kind): an op whose plain twin has the same name.
#define OP(overload, expression, torch, numpy, kind) \
  detail::row(overload, #expression, torch, numpy, kind, XTAPE_TEST_CALL(expression))

/// LINE(name, expression, PyTorch, kind): several ops that together are a function of PyTorch.
#define LINE(name, expression, torch, kind) \
  detail::tape_row(name, #expression, torch, "", kind, XTAPE_TEST_CALL(expression))

/// EACH(overload, expression, value, slope, PyTorch, NumPy): an op of each element. Its value is a
/// formula of the element `a`, its slope one of `a` and the value `y`; T is their type.
#define EACH(overload, expression, value, slope, torch, numpy)          \
  detail::row(                                                          \
      overload, #expression, torch, numpy, XTAPE_TEST_CALL(expression), \
      []([[maybe_unused]] auto a) {                                     \
        using T [[maybe_unused]] = decltype(a);                         \
        return static_cast<T>(value);                                   \
      },                                                                \
      []([[maybe_unused]] auto a, [[maybe_unused]] auto y) {            \
        using T [[maybe_unused]] = decltype(a);                         \
        return static_cast<T>(slope);                                   \
      })
