// Bundle adjustment: where cameras see points, and the sparse Jacobian of the errors. Each error
// depends on one camera, one point and one weight. Each observation gets copies of them, so one
// recording gives a row of the Jacobian for many observations.
#include <algorithm>

#include "benchmarks/gradbench/rotate.hpp"

namespace gradbench {

namespace {

constexpr std::size_t camera_size =
    11;  // rotation 3, centre 3, focal length, offset 2, distortion 2
constexpr std::size_t row_size = camera_size + 3 + 1;
constexpr std::size_t block_size = 256;  // observations in a recording, which then fits the caches

struct Problem {
  std::size_t cameras, points, observations;
  Array<double> camera, point;    // (11, cameras) and (3, points)
  Array<double> weight, feature;  // (1, observations) and (2, observations)

  explicit Problem(const json& in)
      : cameras(in.at("n")),
        points(in.at("m")),
        observations(in.at("p")),
        camera(copies(in.at("cam"), cameras)),
        point(copies(in.at("x"), points)),
        weight(copies(in.at("w"), observations)),
        feature(copies(in.at("feat"), observations)) {}

  static Array<double> copies(const json& column, std::size_t count) {
    const Array<double> one = numbers(column);
    Array<double> all(Shape{one.size(), count});
    for (std::size_t i = 0; i < all.size(); ++i) {
      all.data()[i] = one.data()[i / count];
    }
    return all;
  }
};

// What the errors of a block of observations depend on, a column for each.
struct Block {
  Array<double> camera, point, weight, feature;

  Block(const Problem& problem, std::size_t begin) {
    const std::size_t end = std::min(begin + block_size, problem.observations);
    take(camera, problem.camera, begin, end);
    take(point, problem.point, begin, end);
    take(feature, problem.feature, begin, end);
    take(weight, problem.weight, begin, end);
  }

  // Observation i has camera i modulo the cameras, and point i modulo the points.
  static void take(Array<double>& out, const Array<double>& from, std::size_t begin,
                   std::size_t end) {
    const std::size_t width = from.shape(1);
    resize(out, Shape{from.shape(0), end - begin});
    for (std::size_t row = 0; row < from.shape(0); ++row) {
      for (std::size_t i = begin; i < end; ++i) {
        out(row, i - begin) = from(row, i % width);
      }
    }
  }
};

// Returns the errors (2, n) of the projections.
Variable projection_error(Tape& tape, const Block& block) {
  const auto camera = tape.parameter(block.camera);
  const auto seen = rotate(slice(camera, 0, 3), tape.parameter(block.point) - slice(camera, 3, 6));
  const auto flat = slice(seen, 0, 2) / select(seen, 2);
  const auto radius = sum(square(flat), 0);
  const auto bent = flat * (1 + select(camera, 9) * radius + select(camera, 10) * square(radius));
  const auto pixel = bent * select(camera, 6) + slice(camera, 7, 9);
  return tape.parameter(block.weight) * (pixel - tape.constant_view(block.feature));
}

Variable weight_error(Variable weight) { return 1 - square(weight); }

// A sparse matrix in compressed rows.
struct Sparse {
  std::vector<std::size_t> rows{0}, cols;
  std::vector<double> vals;

  explicit Sparse(const Problem& problem) {
    const std::size_t count = (2 * row_size + 1) * problem.observations;
    rows.reserve(3 * problem.observations + 1);
    cols.reserve(count);
    vals.reserve(count);
  }

  // Appends the two rows of each observation of a block. `values` is (2, 15, n).
  void append(const Problem& problem, std::size_t begin, const Array<double>& values) {
    for (std::size_t k = 0; k < values.shape(2); ++k) {
      const std::size_t i = begin + k, camera = i % problem.cameras, point = i % problem.points;
      for (std::size_t row = 0; row < 2; ++row) {
        for (std::size_t j = 0; j < row_size; ++j) {
          cols.push_back(j < camera_size ? camera_size * camera + j
                         : j + 1 < row_size
                             ? camera_size * problem.cameras + 3 * point + j - camera_size
                             : camera_size * problem.cameras + 3 * problem.points + i);
          vals.push_back(values(row, j, k));
        }
        rows.push_back(cols.size());
      }
    }
  }
};

// Records a block twice, once for each row of the errors.
void add_rows(Sparse& matrix, const Problem& problem, std::size_t begin, Tape& tape) {
  const Block block(problem, begin);
  const std::size_t n = block.weight.size();
  Array<double> values(Shape{2, row_size, n});
  for (std::size_t row = 0; row < 2; ++row) {
    tape.rewind();
    tape.backward(sum(select(projection_error(tape, block), static_cast<std::ptrdiff_t>(row))));
    double* out = values.data() + row * row_size * n;
    for (const Array<double>* each : {&block.camera, &block.point, &block.weight}) {
      const Array<double>& grad = tape.grad(*each);
      out = std::copy_n(grad.data(), grad.size(), out);
    }
  }
  matrix.append(problem, begin, values);
}

// The eval copies one camera, one point and so on, and wants the first elements and the last.
template <class T>
json ends(const std::vector<T>& list) {
  std::vector<T> some(list.begin(), list.begin() + 2 * row_size);
  some.push_back(list.back());
  return some;
}

Answer objective(const json& in) {
  const Problem problem(in);
  Array<double> errors(Shape{2, problem.observations});
  Tape tape;
  const NoGrad guard{tape};
  const auto compute = [&]() -> Array<double> {
    for (std::size_t begin = 0; begin < problem.observations; begin += block_size) {
      tape.rewind();
      const Block block(problem, begin);
      const auto& some = projection_error(tape, block).value();
      for (std::size_t row = 0; row < 2; ++row) {
        std::copy_n(&some(row, 0), some.shape(1), &errors(row, begin));
      }
    }
    tape.rewind();
    return weight_error(tape.parameter(problem.weight)).value();
  };
  return repeat(in, compute, [&](const Array<double>& weights) {
    const std::size_t p = problem.observations;
    return json{{"reproj_error", {{"elements", {errors(0, 0), errors(1, 0)}}, {"repeated", p}}},
                {"w_err", {{"element", weights(0, 0)}, {"repeated", p}}}};
  });
}

Answer jacobian(const json& in) {
  const Problem problem(in);
  Tape tape, weight_tape;
  const auto compute = [&] {
    Sparse matrix(problem);
    for (std::size_t begin = 0; begin < problem.observations; begin += block_size) {
      add_rows(matrix, problem, begin, tape);
    }
    weight_tape.rewind();
    weight_tape.backward(sum(weight_error(weight_tape.parameter(problem.weight))));
    const auto& slopes = weight_tape.grad(problem.weight);
    for (std::size_t i = 0; i < problem.observations; ++i) {
      matrix.cols.push_back(camera_size * problem.cameras + 3 * problem.points + i);
      matrix.vals.push_back(slopes(0, i));
      matrix.rows.push_back(matrix.cols.size());
    }
    return matrix;
  };
  return repeat(in, compute, [](const Sparse& matrix) {
    return json{
        {"rows", ends(matrix.rows)}, {"cols", ends(matrix.cols)}, {"vals", ends(matrix.vals)}};
  });
}

}  // namespace

Functions ba() { return {{"objective", objective}, {"jacobian", jacobian}}; }

}  // namespace gradbench
