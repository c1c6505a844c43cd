#include "tests/ops/table.hpp"

/// The kinds of ops of images (batch, height, width, channels).

namespace xtape::kind {
namespace {

using Given = std::span<const Shape>;

bool is_image(const Shape& shape) {
  return shape.size() == 4 && shape[0] * shape[1] * shape[2] * shape[3] > 0;
}

/// One operand: images, at each of these shapes with each of these arguments.
Kind of_images(const std::vector<Shape>& shapes, const std::vector<Of>& arguments,
               std::function<Of(Given, Rng&)> draw) {
  Kind kind;
  for (const Shape& shape : shapes) {
    for (const Of& of : arguments) {
      kind.samples.push_back({{shape}, of});
    }
  }
  kind.fits = [](Given given) { return is_image(given[0]); };
  kind.complete = [](const Shape& first, Rng&) {
    return is_image(first) ? std::vector<Shape>{first} : std::vector<Shape>();
  };
  kind.draw = std::move(draw);
  return kind;
}

Of draw_windows(Given shapes, Rng& rng) {
  const auto up_to = [&](std::size_t most) { return 1 + rng.below(most); };
  Of of;
  of.kernel = Pair(up_to(shapes[0][1]), up_to(shapes[0][2]));
  of.stride = Pair(up_to(3), up_to(3));
  of.padding = Pair(rng.below(of.kernel.height / 2 + 1), rng.below(of.kernel.width / 2 + 1));
  of.count_padding = rng.below(2) == 0;
  return of;
}

}  // namespace

Kind images() {
  return of_images({Shape{1, 2, 2, 2}, Shape{1, 1, 1, 1}, Shape{2, 5, 7, 3}, Shape{1, 3, 4, 17},
                    Shape{0, 2, 2, 3}},
                   {Of{}}, [](Given, Rng&) { return Of{}; });
}

Kind enlarged() {
  return of_images(
      {Shape{1, 1, 1, 2}, Shape{1, 2, 2, 1}, Shape{2, 2, 1, 2}, Shape{1, 3, 4, 17},
       Shape{0, 2, 2, 3}},
      {{.factor = 1}, {.factor = 2}, {.factor = {3, 1}}, {.factor = {2, 5}}},
      [](Given, Rng& rng) { return Of{.factor = Pair(1 + rng.below(3), 1 + rng.below(3))}; });
}

Kind padded() {
  Kind kind =
      of_images({Shape{1, 2, 2, 2}, Shape{1, 2, 3, 1}, Shape{2, 3, 2, 3}, Shape{1, 4, 3, 17},
                 Shape{0, 2, 2, 3}},
                {{.padding = 1, .margins = 1},
                 {.padding = {1, 0}, .margins = {1, 0, 0, 1}},
                 {.padding = {0, 1}, .margins = {0, 1, 1, 0}}},
                [](Given shapes, Rng& rng) {
                  const auto below = [&](std::size_t axis) { return rng.below(shapes[0][axis]); };
                  return Of{.padding = Pair(below(1), below(2)),
                            .margins = Margins(below(1), below(1), below(2), below(2))};
                });
  kind.samples.push_back({{Shape{1, 5, 4, 2}}, {.padding = {4, 3}, .margins = {4, 2, 1, 3}}});
  return kind;
}

Kind windows() {
  Kind kind =
      of_images({Shape{1, 2, 2, 2}, Shape{1, 4, 2, 1}, Shape{2, 3, 3, 2}, Shape{2, 5, 7, 3},
                 Shape{1, 31, 3, 17}, Shape{0, 4, 4, 2}},
                {{.kernel = 2, .stride = 2},
                 {.kernel = 1},
                 {.kernel = {2, 1}, .stride = {1, 2}, .padding = {1, 0}, .count_padding = false},
                 {.kernel = 2, .stride = 3, .padding = 1}},
                draw_windows);
  const auto add = [&](const Shape& shape, const Of& of) { kind.samples.push_back({{shape}, of}); };
  add(Shape{1, 1, 1, 1}, {.kernel = 1, .stride = 2});
  add(Shape{1, 4, 4, 2}, {.kernel = 3, .stride = 2, .padding = 1});
  add(Shape{1, 6, 5, 1},
      {.kernel = {3, 4}, .stride = 1, .padding = {1, 2}, .count_padding = false});
  add(Shape{1, 18, 19, 2}, {.kernel = {17, 16}, .stride = 1, .padding = {8, 3}});
  return kind;
}

}  // namespace xtape::kind
