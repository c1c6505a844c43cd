// Hand tracking: how far measured points are from points on the surface of a hand whose pose is
// theta. The positions are linear in the transforms of the bones. So what the bones move is summed
// from the fingertips to the wrist, as vectors (4, n) for n points, and no matrices are multiplied.
// Each point has its own copy of the pose. One recording gives a row of the Jacobian for many
// points.
#include <algorithm>

#include "benchmarks/gradbench/rotate.hpp"

namespace gradbench {

namespace {

constexpr std::size_t block_size = 64;  // points in a recording, which then fits the caches

struct Hand {
  std::vector<int> parents;
  Array<double> base, inverse;      // (bones, 4, 4)
  Array<double> vertices, weights;  // (vertices, 4) and (vertices, bones)
  std::vector<std::vector<int>> triangles;
  bool is_mirrored;
  std::vector<int> places;          // of each point: a vertex, or a triangle if there are `us`
  Array<double> points, theta, us;  // (n, 3), (26) and (n, 2)

  explicit Hand(const json& in) : theta(numbers(in.at("theta"))), us(numbers(in.at("us"))) {
    const json& data = in.at("data");
    const json& model = data.at("model");
    model.at("parents").get_to(parents);
    base = numbers(model.at("base_relatives"));
    inverse = numbers(model.at("inverse_base_absolutes"));
    vertices = numbers(model.at("base_positions"));
    weights = numbers(model.at("weights"));
    model.at("triangles").get_to(triangles);
    model.at("is_mirrored").get_to(is_mirrored);
    data.at("correspondences").get_to(places);
    points = numbers(data.at("points"));
  }

  bool has_us() const { return us.size() > 0; }
};

// What the errors of a block of points depend on.
struct Block {
  Array<double> theta, us;  // (26, n) and (2, n)
  Array<double> target;     // (3, n)
  Array<double> parts;      // (bones, 4, corners, n): what each bone moves, in its own coordinates

  Block(const Hand& hand, std::size_t begin, std::size_t end)
      : target(columns(hand.points, begin, end)) {
    const std::size_t n = end - begin;
    resize(theta, Shape{hand.theta.size(), n});
    for (std::size_t i = 0; i < theta.size(); ++i) {
      theta.data()[i] = hand.theta.data()[i / n];
    }
    if (hand.has_us()) {
      us = columns(hand.us, begin, end);
    }
    const std::size_t corners = hand.has_us() ? 3 : 1;
    parts = xt::zeros<double>({hand.parents.size(), std::size_t{4}, corners, n});
    for (std::size_t i = 0; i < n; ++i) {
      const auto place = static_cast<std::size_t>(hand.places[begin + i]);
      for (std::size_t corner = 0; corner < corners; ++corner) {
        add_vertex(hand,
                   hand.has_us() ? static_cast<std::size_t>(hand.triangles[place][corner]) : place,
                   corner, i);
      }
    }
  }

  // Returns rows of an array as columns.
  static Array<double> columns(const Array<double>& from, std::size_t begin, std::size_t end) {
    Array<double> out(Shape{from.shape(1), end - begin});
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t k = 0; k < from.shape(1); ++k) {
        out(k, i - begin) = from(i, k);
      }
    }
    return out;
  }

  void add_vertex(const Hand& hand, std::size_t vertex, std::size_t corner, std::size_t i) {
    for (std::size_t bone = 0; bone < hand.parents.size(); ++bone) {
      const double weight = hand.weights(vertex, bone);
      for (std::size_t row = 0; weight != 0 && row < 4; ++row) {
        for (std::size_t k = 0; k < 4; ++k) {
          parts(bone, row, corner, i) +=
              weight * hand.inverse(bone, row, k) * hand.vertices(vertex, k);
        }
      }
    }
  }
};

// Turns the points (x, y) by an angle, which is a row of the cosines and sines.
void turn(Variable& x, Variable& y, Variable cosines, Variable sines, std::ptrdiff_t angle) {
  const auto c = select(cosines, angle), s = select(sines, angle), before = x;
  x = before * c - y * s;
  y = before * s + y * c;
}

// Bends a finger. The fingers have four bones each, from bone 1 on. The last three of them bend,
// and the first of these also moves sideways.
Variable bend(Variable at, std::ptrdiff_t bone, Variable cosines, Variable sines) {
  const std::ptrdiff_t finger = (bone - 1) / 4, joint = (bone - 1) % 4;
  if (bone < 1 || finger > 4 || joint == 0) {
    return at;
  }
  const std::ptrdiff_t angle = 4 * finger + (joint == 1 ? 0 : joint);
  auto x = select(at, 0), y = select(at, 1), z = select(at, 2);
  turn(y, z, cosines, sines, angle);
  if (joint == 1) {
    turn(x, y, cosines, sines, angle + 1);
  }
  return stack(x, y, z, select(at, 3));
}

// Returns the sum (4, n) of what the bones move, in the coordinates of the hand.
Variable moved(const Hand& hand, Variable parts, Variable angles) {
  Tape& tape = angles.tape();
  const auto base = tape.constant_view(hand.base), cosines = cos(angles), sines = sin(angles);
  const auto bones = static_cast<std::ptrdiff_t>(hand.parents.size());
  std::vector<Variable> at;
  for (std::ptrdiff_t bone = 0; bone < bones; ++bone) {
    at.push_back(select(parts, bone));
  }
  auto root = tape.constant(0.0);
  for (std::ptrdiff_t bone = bones - 1; bone >= 0; --bone) {  // parents come before children
    const auto i = static_cast<std::size_t>(bone);
    const auto here = matmul(select(base, bone), bend(at[i], bone, cosines, sines));
    const int parent = hand.parents[i];
    (parent == -1 ? root : at[static_cast<std::size_t>(parent)]) += here;
  }
  return root;
}

// Returns the errors (3, n) of a block.
Variable errors(const Hand& hand, const Block& block, Tape& tape) {
  const auto theta = tape.parameter(block.theta);
  auto parts = tape.constant_view(block.parts);
  if (hand.has_us()) {
    const auto u = tape.parameter(block.us), u0 = select(u, 0), u1 = select(u, 1);
    parts = parts * stack(u0, u1, 1 - u0 - u1);
  }
  auto position = slice(moved(hand, sum(parts, 2), slice(theta, 6)), 0, 3);
  if (hand.is_mirrored) {
    position = position * xtape::array(std::vector{-1.0, 1.0, 1.0}, {3, 1});
  }
  position = rotate(slice(theta, 0, 3), position) + slice(theta, 3, 6);
  return tape.constant_view(block.target) - position;
}

// Calls f(block, begin) for all points, in blocks.
template <class F>
void for_each_block(const Hand& hand, F f) {
  for (std::size_t begin = 0; begin < hand.places.size(); begin += block_size) {
    f(Block(hand, begin, std::min(begin + block_size, hand.places.size())), begin);
  }
}

Answer objective(const json& in) {
  const Hand hand(in);
  Tape tape;
  const NoGrad guard{tape};
  return repeat(
      in,
      [&] {
        std::vector<double> all;
        for_each_block(hand, [&](const Block& block, std::size_t) {
          tape.rewind();
          const auto some = to_vector(transpose(errors(hand, block, tape)).value());
          all.insert(all.end(), some.begin(), some.end());
        });
        return all;
      },
      [](const std::vector<double>& all) { return json(all); });
}

// Copies the gradient (columns, n) to every third row of a matrix of this width, from `out` on.
void put(double* out, std::size_t width, const Array<double>& grad) {
  for (std::size_t column = 0; column < grad.shape(0); ++column) {
    for (std::size_t i = 0; i < grad.shape(1); ++i) {
      out[3 * i * width + column] = grad(column, i);
    }
  }
}

// Records each block three times, once for each coordinate of the errors. The columns of the
// Jacobian are the two `us` of the point, if there are any, and theta.
Answer jacobian(const json& in) {
  const Hand hand(in);
  const std::size_t count = hand.has_us() ? 2 : 0;
  Array<double> rows(Shape{3 * hand.places.size(), count + hand.theta.size()});
  Tape tape;
  const auto compute = [&]() -> const Array<double>& {
    for_each_block(hand, [&](const Block& block, std::size_t begin) {
      for (std::size_t k = 0; k < 3; ++k) {
        tape.rewind();
        tape.backward(sum(select(errors(hand, block, tape), static_cast<std::ptrdiff_t>(k))));
        put(&rows(3 * begin + k, count), rows.shape(1), tape.grad(block.theta));
        if (hand.has_us()) {
          put(&rows(3 * begin + k, 0), rows.shape(1), tape.grad(block.us));
        }
      }
    });
    return rows;
  };
  return repeat(in, compute, lists);
}

}  // namespace

Functions ht() { return {{"objective", objective}, {"jacobian", jacobian}}; }

}  // namespace gradbench
