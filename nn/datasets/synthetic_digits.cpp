#include "nn/datasets/synthetic_digits.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "nn/datasets/balanced.hpp"
#include "nn/datasets/glyphs.hpp"

namespace xtape::nn {
namespace {

using datasets::Glyph;
using datasets::Point;
using datasets::Stroke;

constexpr std::size_t side = 28;
constexpr double middle = side / 2.0;

/// A drawing as straight lines from point to point, so short that they look curved.
using Lines = std::vector<std::vector<Point>>;

/// The point at t in [0, 1] of the Catmull-Rom spline from `b` to `c`, which comes from `a` and
/// goes on to `d`.
Point on_spline(Point a, Point b, Point c, Point d, double t) {
  const auto blend = [t](double p, double q, double r, double s) {
    return q + t / 2 * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)));
  };
  return {blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y)};
}

/// The smooth curve through the points of a stroke. Where a point stands twice the curve begins
/// anew, which makes a corner.
std::vector<Point> curve(const Stroke& points) {
  constexpr int steps = 5;
  std::vector<Point> line{points.front()};
  const auto same = [](Point a, Point b) { return a.x == b.x && a.y == b.y; };
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const Point b = points[i], c = points[i + 1];
    const Point a = i > 0 && !same(points[i - 1], b) ? points[i - 1] : b;
    const Point d = i + 2 < points.size() && !same(points[i + 2], c) ? points[i + 2] : c;
    for (int step = 1; step <= steps && !same(b, c); ++step) {
      line.push_back(on_spline(a, b, c, d, static_cast<double>(step) / steps));
    }
  }
  return line;
}

/// Moves each point of a glyph a little; the two points of a corner stay together.
Glyph trembling(Glyph glyph, Rng& rng) {
  constexpr double deviation = 0.055;
  for (Stroke& stroke : glyph) {
    Point before{-1, -1};
    Point moved{};
    for (Point& point : stroke) {
      if (point.x != before.x || point.y != before.y) {
        before = point;
        moved = {point.x + rng.normal(0, deviation), point.y + rng.normal(0, deviation)};
      }
      point = moved;
    }
  }
  return glyph;
}

/// x' = a x + b y, y' = c x + d y.
struct LinearMap {
  double a, b, c, d;

  Point operator()(Point p) const { return {a * p.x + b * p.y, c * p.x + d * p.y}; }
};

/// A slant, a stretch and a rotation, as hands differ.
LinearMap random_hand(Rng& rng) {
  const double angle = rng.normal(0, 0.17);
  const double slant = rng.normal(-0.15, 0.25);
  const double stretch = std::exp(rng.normal(0, 0.22));
  const double cosine = std::cos(angle), sine = std::sin(angle);
  return {stretch * cosine, slant * stretch * cosine - sine, stretch * sine,
          slant * stretch * sine + cosine};
}

/// Scales the drawing so that it fits a box of `size` pixels and moves its centre of mass, that of
/// ink in proportion to length, to the middle of the image.
void place(Lines& lines, double size) {
  Point low = lines.front().front(), high = low, sum{0, 0};
  double length = 0;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      low = {std::min(low.x, line[i].x), std::min(low.y, line[i].y)};
      high = {std::max(high.x, line[i].x), std::max(high.y, line[i].y)};
      const Point& from = line[i > 0 ? i - 1 : 0];
      const double piece = std::hypot(line[i].x - from.x, line[i].y - from.y);
      sum.x += piece * (line[i].x + from.x) / 2;
      sum.y += piece * (line[i].y + from.y) / 2;
      length += piece;
    }
  }
  const double scale = size / std::max(high.x - low.x, high.y - low.y);
  for (auto& line : lines) {
    for (Point& point : line) {
      point = {middle + scale * (point.x - sum.x / length),
               middle + scale * (point.y - sum.y / length)};
    }
  }
}

double distance_to_segment(Point p, Point from, Point to) {
  const double dx = to.x - from.x, dy = to.y - from.y;
  const double square = dx * dx + dy * dy;
  const double along =
      square > 0 ? std::clamp(((p.x - from.x) * dx + (p.y - from.y) * dy) / square, 0., 1.) : 0;
  return std::hypot(p.x - from.x - along * dx, p.y - from.y - along * dy);
}

/// Draws a segment with a round pen of that radius: a pixel whose centre is deeper than half a
/// pixel inside gets the whole ink, one as far outside none, and those between a part.
void draw(Point from, Point to, double radius, double ink, std::span<std::uint8_t> image) {
  const double reach = radius + 1;
  const auto pixel = [](double x) {
    return static_cast<std::size_t>(std::clamp(x, 0., static_cast<double>(side)));
  };
  const std::size_t right = pixel(std::max(from.x, to.x) + reach);
  const std::size_t bottom = pixel(std::max(from.y, to.y) + reach);
  for (std::size_t row = pixel(std::min(from.y, to.y) - reach); row < bottom; ++row) {
    for (std::size_t column = pixel(std::min(from.x, to.x) - reach); column < right; ++column) {
      const Point centre{static_cast<double>(column) + 0.5, static_cast<double>(row) + 0.5};
      const double inside = radius + 0.5 - distance_to_segment(centre, from, to);
      const auto level = static_cast<std::uint8_t>(ink * std::clamp(inside, 0., 1.));
      std::uint8_t& there = image[row * side + column];
      there = std::max(there, level);
    }
  }
}

void draw_digit(std::size_t digit, Rng& rng, std::span<std::uint8_t> image) {
  const auto& ways = datasets::glyphs_of(digit);
  const Glyph glyph = trembling(ways[static_cast<std::size_t>(rng.below(ways.size()))], rng);
  const LinearMap hand = random_hand(rng);
  const double radius = std::clamp(rng.normal(1.15, 0.3), 0.6, 2.0);
  Lines lines;
  for (const Stroke& stroke : glyph) {
    lines.push_back(curve(stroke));
    std::transform(lines.back().begin(), lines.back().end(), lines.back().begin(), hand);
  }
  place(lines, rng.uniform(18, 20) - 2 * radius);
  const double ink = rng.uniform(200, 256);
  for (const auto& line : lines) {
    for (std::size_t i = 1; i < line.size(); ++i) {
      draw(line[i - 1], line[i], radius, ink, image);
    }
  }
}

Dataset draw_all(std::size_t count, Rng& rng) {
  return detail::draw_balanced("synthetic_digits", count, 10, {side, side}, rng, draw_digit);
}

}  // namespace

Mnist synthetic_digits(std::uint64_t seed, std::size_t train, std::size_t test) {
  Rng rng{seed};
  Dataset train_images = draw_all(train, rng);
  return {std::move(train_images), draw_all(test, rng)};
}

}  // namespace xtape::nn
