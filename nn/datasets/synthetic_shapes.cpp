#include "nn/datasets/synthetic_shapes.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "nn/datasets/balanced.hpp"

// Only additions, products, quotients and square roots, which all machines round alike: no sines.

namespace xtape::nn {
namespace {

constexpr std::size_t side = 32, channels = 3;

struct Point {
  double x, y;
};

double square_of_distance(Point p, Point to) {
  return (p.x - to.x) * (p.x - to.x) + (p.y - to.y) * (p.y - to.y);
}

bool in_disc(Point p, double radius) { return square_of_distance(p, {0, 0}) <= radius * radius; }

bool in_square(Point p, double half) { return std::abs(p.x) <= half && std::abs(p.y) <= half; }

/// Returns for how many of the directions the point is at most `distance` away from the centre.
template <std::size_t n>
std::size_t count_within(Point p, const Point (&directions)[n], double distance) {
  return static_cast<std::size_t>(std::count_if(
      directions, directions + n, [&](Point d) { return p.x * d.x + p.y * d.y <= distance; }));
}

/// Returns which of five stripes of a square of 2 half the place is in.
int stripe(double place, double half) { return static_cast<int>((place + half) / (2 * half) * 5); }

/// True if the point is in the shape, which has about the radius 1 around (0, 0).
bool is_inside(std::size_t label, Point p) {
  // At angles of 120 and of 72 degrees.
  static constexpr Point three[]{{0, -1}, {0.86602540378443865, 0.5}, {-0.86602540378443865, 0.5}};
  static constexpr Point five[]{{0, -1},
                                {0.95105651629515357, -0.30901699437494742},
                                {0.58778525229247313, 0.80901699437494742},
                                {-0.58778525229247313, 0.80901699437494742},
                                {-0.95105651629515357, -0.30901699437494742}};
  constexpr double half = 0.8;
  switch (label) {
    case 0:
      return in_disc(p, 0.9);
    case 1:
      return in_disc(p, 1) && !in_disc(p, 0.6);
    case 2:
      return in_disc(p, 1) && square_of_distance(p, {0.5, 0}) > 0.75 * 0.75;
    case 3:
      return in_square(p, half);
    case 4:
      return in_square(p, half) && !in_square(p, 0.45);
    case 5:
      return in_square(p, half) && (stripe(p.x, half) + stripe(p.y, half)) % 2 == 0;
    case 6:
      return in_square(p, half) && stripe(p.x, half) % 2 == 0;
    case 7:
      return in_square(p, 0.95) && std::min(std::abs(p.x), std::abs(p.y)) <= 0.25;
    case 8:
      return count_within(p, three, 0.5) == 3;
    default:  // the arms of a star are beyond one side of its pentagon
      return count_within(p, five, 0.36) >= 4;
  }
}

/// Red, green and blue, from 0 to 1.
using Colour = std::array<double, channels>;

Colour random_colour(Rng& rng) { return {rng.uniform(), rng.uniform(), rng.uniform()}; }

/// Returns a colour that is easy to tell from another one.
Colour contrasting(const Colour& other, Rng& rng) {
  constexpr double least = 0.45;
  for (;;) {
    const Colour colour = random_colour(rng);
    double square = 0;
    for (std::size_t i = 0; i < channels; ++i) {
      square += (colour[i] - other[i]) * (colour[i] - other[i]);
    }
    if (square >= least * least) {
      return colour;
    }
  }
}

/// Returns a point at a random angle, at distance 1.
Point random_direction(Rng& rng) {
  for (;;) {
    const Point p{rng.uniform(-1, 1), rng.uniform(-1, 1)};
    const double square = square_of_distance(p, {0, 0});
    if (square > 0.01 && square <= 1) {
      return {p.x / std::sqrt(square), p.y / std::sqrt(square)};
    }
  }
}

/// No part of a shape of radius 1 is farther from its centre.
constexpr double farthest = 1.2;

/// One shape: where it is, and how large.
struct Figure {
  std::size_t label;
  Point centre;
  double radius;  // in pixels
  Point axis;     // the direction of its x axis

  /// Returns the part of a pixel that the shape covers, of nine places in it.
  double cover(std::size_t row, std::size_t column) const {
    const Point middle{static_cast<double>(column) + 0.5, static_cast<double>(row) + 0.5};
    const double most = farthest * radius + 1;
    if (square_of_distance(middle, centre) > most * most) {
      return 0;
    }
    int inside = 0;
    for (int place = 0; place < 9; ++place) {
      const int across = 2 * (place % 3) + 1, down = 2 * (place / 3) + 1;
      const double x = static_cast<double>(column) + across / 6. - centre.x;
      const double y = static_cast<double>(row) + down / 6. - centre.y;
      inside += is_inside(label,
                          {(axis.x * x + axis.y * y) / radius, (axis.x * y - axis.y * x) / radius});
    }
    return inside / 9.;
  }
};

Figure random_figure(std::size_t label, Rng& rng) {
  const double radius = rng.uniform(7, 13);
  const double margin = farthest * radius;
  const auto place = [&] { return rng.uniform(margin, side - margin); };
  const double x = place(), y = place();
  return {label, {x, y}, radius, random_direction(rng)};
}

void draw(const Figure& figure, Rng& rng, std::span<std::uint8_t> image) {
  constexpr double noise = 0.08;
  const Colour back = random_colour(rng), front = contrasting(back, rng);
  const Point towards = random_direction(rng);
  const Colour change{rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2)};
  for (std::size_t pixel = 0; pixel < side * side; ++pixel) {
    const std::size_t row = pixel / side, column = pixel % side;
    const double cover = figure.cover(row, column);
    const double along = towards.x * (static_cast<double>(column) / side - 0.5) +
                         towards.y * (static_cast<double>(row) / side - 0.5);
    for (std::size_t i = 0; i < channels; ++i) {
      const double behind = back[i] + change[i] * along;
      const double level = behind + cover * (front[i] - behind) + rng.uniform(-noise, noise);
      image[pixel * channels + i] =
          static_cast<std::uint8_t>(std::floor(255 * std::clamp(level, 0., 1.) + 0.5));
    }
  }
}

Dataset draw_all(std::size_t count, Rng& rng) {
  return detail::draw_balanced("synthetic_shapes", count, synthetic_shape_names.size(),
                               {side, side, channels}, rng,
                               [](std::size_t label, Rng& random, std::span<std::uint8_t> image) {
                                 draw(random_figure(label, random), random, image);
                               });
}

}  // namespace

Cifar10 synthetic_shapes(std::uint64_t seed, std::size_t train, std::size_t test) {
  Rng rng{seed};
  Dataset train_images = draw_all(train, rng);
  return {std::move(train_images), draw_all(test, rng)};
}

}  // namespace xtape::nn
