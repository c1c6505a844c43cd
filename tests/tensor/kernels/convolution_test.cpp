#include "tensor/kernels/convolution.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/kernels/depthwise.hpp"
#include "tensor/kernels/im2col.hpp"
#include "tensor/kernels/winograd.hpp"
#ifdef XTAPE_WITH_ONEDNN
#include "tensor/kernels/onednn_convolution.hpp"
#endif
#include "tensor/parallel.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/arrays.hpp"
#include "tests/support/catch.hpp"

using namespace xtape;

namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

/// One way to compute the three parts of a convolution.
struct Path {
  std::function<void(const Convolution&, const float*, const float*, const float*, float, float*)>
      forward;
  std::function<void(const Convolution&, const float*, const float*, float, float*)> back, weights;
};

const Path by_winograd{winograd::convolve, winograd::convolve_transposed,
                       winograd::convolve_for_weights};
const Path by_im2col{im2col::convolve<float>, im2col::convolve_transposed<float>,
                     im2col::convolve_for_weights<float>};
const Path chosen{[](const auto&... of) { convolve<float>(of...); },
                  [](const auto&... of) { convolve_transposed<float>(of...); },
                  [](const auto&... of) { convolve_for_weights<float>(of...); }};

Floats random_floats(std::size_t size, std::uint64_t seed) {
  Rng rng(seed);
  Floats numbers(size);
  rng.fill_normal(std::span<float>(numbers), 0, 1);
  return numbers;
}

Doubles widened(const Floats& numbers) { return {numbers.begin(), numbers.end()}; }

/// Operands of a convolution and what the parts are in double.
struct Problem {
  Convolution g;
  Floats x, weight, bias, dy, before;
  Doubles y, dx, dw;

  explicit Problem(const Convolution& geometry)
      : g(geometry),
        x(random_floats(g.image_size(), 1)),
        weight(random_floats(g.weight_size(), 2)),
        bias(random_floats(g.out, 3)),
        dy(random_floats(g.result_size(), 4)),
        y(g.result_size()),
        dx(g.image_size()),
        dw(g.weight_size()) {
    const Doubles wide_x = widened(x), wide_weight = widened(weight), wide_bias = widened(bias),
                  wide_dy = widened(dy);
    im2col::convolve(g, wide_x.data(), wide_weight.data(), wide_bias.data(), 0.0, y.data());
    im2col::convolve_transposed(g, wide_dy.data(), wide_weight.data(), 0.0, dx.data());
    im2col::convolve_for_weights(g, wide_x.data(), wide_dy.data(), 0.0, dw.data());
  }
};

/// The three parts. With beta they are added to numbers that are there before.
struct Parts {
  Floats y, dx, dw;
  Parts(const Path& path, const Problem& p, float beta = 0)
      : y(p.y.size(), beta == 0 ? NAN : 0.5f),
        dx(p.dx.size(), beta == 0 ? NAN : 0.5f),
        dw(p.dw.size(), beta == 0 ? NAN : 0.5f) {
    path.forward(p.g, p.x.data(), p.weight.data(), p.bias.data(), beta, y.data());
    path.back(p.g, p.dy.data(), p.weight.data(), beta, dx.data());
    path.weights(p.g, p.x.data(), p.dy.data(), beta, dw.data());
  }
};

/// The root mean square of the errors, relative to that of the numbers.
double relative_error(const Floats& computed, const Doubles& exact, double added = 0) {
  double errors = 0, squares = 1e-300;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    errors += std::pow(static_cast<double>(computed[i]) - exact[i] - added, 2);
    squares += std::pow(exact[i], 2);
  }
  return std::sqrt(errors / squares);
}

void check_errors(const Path& path, const Problem& p, double limit) {
  for (const float beta : {0.f, 1.f}) {
    const Parts parts(path, p, beta);
    const double added = 0.5 * static_cast<double>(beta);
    INFO("batch " << p.g.batch << ", image " << p.g.image.height << " x " << p.g.image.width
                  << ", channels " << p.g.in << " to " << p.g.out << ", padding "
                  << p.g.before.height << ", beta " << beta);
    CHECK(relative_error(parts.y, p.y, added) < limit);
    CHECK(relative_error(parts.dx, p.dx, added) < limit);
    CHECK(relative_error(parts.dw, p.dw, added) < limit);
  }
}

Convolution geometry(const Shape& x, const Shape& weight, const Conv2dOptions& options = {}) {
  return convolution_of("conv2d", x, weight, options);
}

/// Images of 3 x 3 windows at sizes that fill tiles and that do not.
std::vector<Convolution> windows_of_3(std::size_t in, std::size_t out) {
  std::vector<Convolution> all;
  for (const std::size_t size : {1UL, 2UL, 3UL, 4UL, 5UL, 6UL, 7UL, 8UL, 9UL, 31UL}) {
    all.push_back(geometry({3, size, size, in}, {3, 3, in, out}, {.padding = 1}));
  }
  all.push_back(geometry({5, 7, 6, in}, {3, 3, in, out}));
  all.push_back(geometry({1, 4, 9, in}, {3, 3, in, out}, {.padding = {2, 0}}));
  return all;
}

const std::vector<Convolution>& important_shapes() {
  static const std::vector<Convolution> all{
      geometry({3, 32, 32, 3}, {3, 3, 3, 64}, {.padding = 1}),
      geometry({3, 32, 32, 3}, {2, 2, 3, 24}),
      geometry({8, 15, 15, 24}, {3, 3, 24, 64}, {.padding = 1}),
      geometry({8, 16, 16, 64}, {3, 3, 64, 128}, {.padding = 1}),
      geometry({8, 8, 8, 128}, {3, 3, 128, 256}, {.padding = same}),
      geometry({8, 28, 28, 1}, {5, 5, 1, 32}),
      geometry({8, 28, 28, 1}, {5, 5, 1, 16}),
      geometry({8, 28, 28, 1}, {5, 5, 1, 16}, {.padding = 2}),
      geometry({8, 12, 12, 16}, {5, 5, 16, 32}),
      geometry({8, 12, 12, 32}, {5, 5, 32, 64}),
      geometry({8, 16, 16, 64}, {3, 3, 64, 128}, {.stride = 2, .padding = 1}),
      geometry({8, 16, 16, 64}, {1, 1, 64, 128}, {.stride = 2}),
      geometry({8, 32, 32, 16}, {3, 3, 16, 32}, {.stride = 2, .padding = 1}),
      geometry({8, 32, 32, 16}, {1, 1, 16, 32}, {.stride = 2}),
      geometry({8, 16, 16, 32}, {3, 3, 32, 64}, {.stride = 2, .padding = 1}),
      geometry({8, 16, 16, 64}, {3, 3, 1, 64}, {.padding = 1, .groups = 64}),
  };
  return all;
}

/// Runs on this number of threads, and on the previous number afterwards.
struct Threads {
  explicit Threads(std::size_t count) : before(thread_count()) { set_thread_count(count); }
  ~Threads() { set_thread_count(before); }
  std::size_t before;
};

}  // namespace

TEST_CASE("Winograd's algorithm errs by at most 3e-6 of the numbers' size") {
  for (const auto& [in, out] : {std::pair<std::size_t, std::size_t>{8, 8},
                                {16, 24},
                                {40, 16},
                                {24, 40},
                                {17, 19},
                                {1, 3}}) {
    for (const Convolution& g : windows_of_3(in, out)) {
      REQUIRE(winograd::can(g));
      check_errors(by_winograd, Problem(g), 3e-6);
    }
  }
}

TEST_CASE("direct convolutions err by at most 1e-6 of the numbers' size") {
  for (const auto& [in, out] :
       {std::pair<std::size_t, std::size_t>{8, 8}, {16, 24}, {40, 16}, {1, 3}}) {
    for (const Convolution& g : windows_of_3(in, out)) {
      check_errors(by_im2col, Problem(g), 1e-6);
    }
  }
}

TEST_CASE("the kernels that are chosen compute every geometry") {
  const std::vector<Convolution> all{
      geometry({5, 9, 7, 24}, {1, 1, 24, 40}),
      geometry({5, 9, 7, 24}, {1, 1, 24, 40}, {.stride = 2}),
      geometry({3, 9, 8, 3}, {5, 5, 3, 32}, {.padding = 2}),
      geometry({3, 9, 8, 16}, {5, 3, 16, 32}, {.stride = {2, 3}, .padding = {1, 2}}),
      geometry({3, 9, 8, 16}, {3, 3, 16, 32}, {.padding = 2, .dilation = 2}),
      geometry({3, 9, 8, 16}, {4, 2, 16, 32}, {.padding = same, .dilation = {1, 3}}),
      geometry({3, 9, 8, 32}, {3, 3, 16, 64}, {.padding = 1, .groups = 2}),
      geometry({3, 9, 8, 40}, {3, 3, 1, 40}, {.padding = 1, .groups = 40}),
      geometry({3, 9, 8, 17}, {3, 3, 1, 34}, {.stride = 2, .padding = 1, .groups = 17}),
      geometry({3, 9, 8, 16}, {3, 3, 16, 16}, {.padding = 1}),
      geometry({0, 9, 8, 16}, {3, 3, 16, 16}, {.padding = 1}),
      geometry({2, 1, 1, 16}, {5, 5, 16, 16}, {.padding = 4}),
      geometry({2, 0, 1, 16}, {3, 3, 16, 16}, {.padding = 3}),
      geometry({2, 5, 5, 0}, {3, 3, 0, 16}),
      geometry({8, 0, 64, 16}, {2, 1, 16, 16}, {.padding = {1, 0}}),
      convolution_of("conv_transpose2d", {1, 16, 16, 16}, {3, 3, 16, 16},
                     ConvTranspose2dOptions{.output_padding = 2, .dilation = 3}),
  };
  for (const Convolution& g : all) {
    check_errors(chosen, Problem(g), winograd::pays(g) ? 3e-6 : 1e-6);
  }
}

TEST_CASE("convolutions repeat bit for bit, and agree for any number of threads", "[threads]") {
  for (const Convolution& g : {geometry({7, 12, 11, 24}, {3, 3, 24, 40}, {.padding = 1}),
                               geometry({7, 12, 11, 24}, {5, 5, 24, 40}, {.padding = 1}),
                               geometry({7, 12, 11, 24}, {3, 3, 1, 24}, {.groups = 24})}) {
    const Problem p(g);
    for (const std::size_t count : {1UL, 2UL, 3UL, 8UL}) {
      const Threads threads(count);
      for (const Path& path : {chosen, by_im2col}) {
        check_errors(path, p, 3e-6);
        const Parts first(path, p), second(path, p);
        CHECK(first.y == second.y);
        CHECK(first.dx == second.dx);
        CHECK(first.dw == second.dw);
      }
    }
  }
}

#ifdef XTAPE_WITH_ONEDNN
TEST_CASE("oneDNN has a fast kernel for every shape that matters") {
  using onednn::Part;
  for (const Convolution& g : important_shapes()) {
    for (const Part part : {Part::forward, Part::transposed, Part::weights}) {
      const std::string kernel = onednn::kernel_of(g, part);
      INFO(g.in << " to " << g.out << " channels, kernel " << g.kernel.height << ", part "
                << static_cast<int>(part) << ": '" << kernel << "'");
      CHECK_FALSE(kernel.empty());
      CHECK(kernel.find("ref") == std::string::npos);
    }
  }
}

TEST_CASE("oneDNN's convolutions err by at most 1e-6 of the numbers' size") {
  const Path by_onednn{[](auto... all) { REQUIRE(onednn::convolve(all...)); },
                       [](auto... all) { REQUIRE(onednn::convolve_transposed(all...)); },
                       [](auto... all) { REQUIRE(onednn::convolve_for_weights(all...)); }};
  for (const Convolution& g : important_shapes()) {
    check_errors(by_onednn, Problem(g), 1e-6);
  }
  for (const auto& [in, out] : {std::pair<std::size_t, std::size_t>{8, 24}, {40, 16}}) {
    for (const Convolution& g : windows_of_3(in, out)) {
      check_errors(by_onednn, Problem(g), 1e-6);
    }
  }
}

TEST_CASE("oneDNN's convolutions allocate as often on two threads as on one", "[threads]") {
  COUNTING_OR_SKIP();
  const Convolution g = geometry({16, 48, 48, 16}, {5, 5, 16, 16});  // a call for each image
  const Floats x = random_floats(g.image_size(), 1), dy = random_floats(g.result_size(), 2);
  Floats dw(g.weight_size());
  std::size_t counts[] = {SIZE_MAX, SIZE_MAX};  // the least of some steps
  for (const std::size_t threads : {1UL, 2UL}) {
    const Threads guard(threads);
    for (int step = 0; step < 10; ++step) {
      const std::size_t before = allocation_count();
      REQUIRE(onednn::convolve_for_weights(g, x.data(), dy.data(), 0.F, dw.data()));
      counts[threads - 1] = std::min(counts[threads - 1], allocation_count() - before);
    }
  }
  CHECK(counts[0] == counts[1]);  // they are oneDNN's own
}
#endif

TEST_CASE("Winograd's algorithm can be switched off") {
  const Problem p(geometry({2, 8, 8, 16}, {3, 3, 16, 16}, {.padding = 1}));
  REQUIRE(winograd::pays(p.g));
  const bool before = winograd_is_on();
  set_winograd(true);
  CHECK(Parts(chosen, p).y == Parts(by_winograd, p).y);
  set_winograd(false);
  CHECK_FALSE(winograd_is_on());
  CHECK(Parts(chosen, p).y != Parts(by_winograd, p).y);
  set_winograd(before);
}

TEST_CASE("XTAPE_WINOGRAD=0 switches Winograd's algorithm off", "[.winograd]") {
  const char* const value = std::getenv("XTAPE_WINOGRAD");
  REQUIRE(value != nullptr);
  REQUIRE(std::string_view(value) == "0");
  CHECK_FALSE(winograd_is_on());
}

TEST_CASE("Winograd's algorithm is for 3 x 3 windows of 16 channels and more") {
  const auto pays = [](const Shape& x, const Shape& weight, const Conv2dOptions& options) {
    return winograd::pays(geometry(x, weight, options));
  };
  CHECK(pays({2, 8, 8, 16}, {3, 3, 16, 17}, {.padding = 1}));
  CHECK(pays({2, 8, 8, 16}, {3, 3, 16, 17}, {.padding = same}));
  CHECK(pays({8, 3, 3, 16}, {3, 3, 16, 16}, {.padding = 1}));
  CHECK_FALSE(pays({7, 3, 3, 16}, {3, 3, 16, 16}, {.padding = 1}));  // 7 tiles
  CHECK_FALSE(pays({8, 2, 2, 16}, {3, 3, 16, 16}, {.padding = 1}));  // 4 of 16 results
  CHECK_FALSE(pays({8, 5, 5, 16}, {3, 3, 16, 16}, {.padding = 1}));  // 25 of 64
  CHECK_FALSE(pays({8, 8, 8, 15}, {3, 3, 15, 16}, {.padding = 1}));
  CHECK_FALSE(pays({8, 8, 8, 16}, {3, 3, 16, 15}, {.padding = 1}));
  CHECK_FALSE(pays({8, 8, 8, 16}, {3, 3, 16, 16}, {.padding = 3}));
  CHECK_FALSE(pays({8, 8, 8, 16}, {3, 3, 16, 16}, {.stride = {1, 2}, .padding = 1}));
  CHECK_FALSE(pays({8, 8, 8, 16}, {3, 3, 16, 16}, {.dilation = {1, 2}}));
  CHECK_FALSE(pays({8, 8, 8, 32}, {3, 3, 16, 16}, {.padding = 1, .groups = 2}));
  CHECK_FALSE(pays({8, 8, 8, 16}, {3, 1, 16, 16}, {.padding = 1}));
}

TEST_CASE("The depthwise kernel adds blocks of positions in double precision") {
  const Convolution g = geometry({1, 300, 300, 2}, {1, 1, 1, 2}, {.groups = 2});
  const Floats x(g.image_size(), 0.1F), dy(g.result_size(), 1.F);
  Floats dw(g.weight_size(), 1.F);
  depthwise::convolve_for_weights(g, x.data(), dy.data(), 1.F, dw.data());
  for (const float slope : dw) {
    CHECK(slope == Approx(9'001).epsilon(2e-5));
  }
}
