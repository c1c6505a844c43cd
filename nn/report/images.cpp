#include "nn/report/images.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nn/data/png.hpp"
#include "nn/report/text.hpp"

namespace xtape::nn::report {
namespace {

using xtape::Array;

/// Ink on paper: the page behind shows through where the image is dark. The style sheet turns the
/// black ink white in dark mode.
std::vector<Colour> ink() {
  std::vector<Colour> palette;
  palette.reserve(256);
  for (int alpha = 0; alpha < 256; ++alpha) {
    palette.push_back({0, 0, 0, static_cast<std::uint8_t>(alpha)});
  }
  return palette;
}

constexpr int shades = 15;  // of each sign

/// Blue for -shades, nothing for 0, orange for +shades.
std::vector<Colour> diverging() {
  std::vector<Colour> palette;
  for (int shade = -shades; shade <= shades; ++shade) {
    const auto alpha = static_cast<std::uint8_t>(255 * std::abs(shade) / shades);
    palette.push_back(shade < 0 ? Colour{23, 109, 188, alpha} : Colour{221, 98, 23, alpha});
  }
  return palette;
}

std::string image_tag(const std::string& png, std::size_t rows, std::size_t columns,
                      const std::string& css_class, const std::string& alt) {
  return fmt::format(R"(<img class="{}" width="{}" height="{}" alt="{}" src="{}">)", css_class,
                     columns, rows, escaped(alt), data_uri(png));
}

std::size_t label_of(const nn::Dataset& data, std::size_t index) {
  return static_cast<std::size_t>(Indices(data.targets)[index]);
}

/// Grey pixels are ink on paper, where (rows, columns) or (rows, columns, 1); three channels are
/// colours.
std::string picture(const Samples& samples, std::size_t index, const std::string& alt) {
  const Shape& shape = samples.shape();
  const std::size_t channels = shape.size() == 2 ? 1 : shape.size() == 3 ? shape[2] : 0;
  require<ShapeError>(channels == 1 || channels == 3,
                      "expected images of shape (rows, columns), (rows, columns, 1) or (rows, "
                      "columns, 3), got {}",
                      shape);
  const auto pixels = samples.sample<std::uint8_t>(index);
  const std::string png = channels == 1 ? encode_png(pixels, shape[0], shape[1], ink())
                                        : encode_colour_png(pixels, shape[0], shape[1]);
  return image_tag(png, shape[0], shape[1], channels == 1 ? "ink" : "photo", alt);
}

/// The probabilities as columns, one for each class, under which its number stands.
std::string columns_of(const float* probabilities, std::size_t classes, std::size_t actual,
                       std::size_t predicted, const std::vector<std::string>& names) {
  constexpr double width = 12, height = 40;
  std::string svg;
  add(svg, R"(<svg viewBox="0 0 {} {}" role="img"><title>Probabilities</title><desc>)",
      width * static_cast<double>(classes), height + 13);
  for (std::size_t k = 0; k < classes; ++k) {
    add(svg, "{} {:.1f} %{}", escaped(names[k]), 100 * probabilities[k],
        k + 1 < classes ? ", " : ".");
  }
  svg += "</desc>";
  for (std::size_t k = 0; k < classes; ++k) {
    const double x = width * static_cast<double>(k);
    const double tall = std::max(1.0, height * static_cast<double>(probabilities[k]));
    const char* role = k == actual ? "actual" : k == predicted ? "taken" : "other";
    add(svg, R"(<rect class="{}" x="{:.0f}" y="{:.1f}" width="{}" height="{:.1f}" rx="1"/>)", role,
        x + 1, height - tall, width - 2, tall);
    add(svg, R"(<text class="tick middle {}" x="{:.0f}" y="{}">{}</text>)", role, x + width / 2,
        height + 11, k);
  }
  return svg += "</svg>";
}

double row_norm(const Array<float>& weights, std::size_t row) {
  double squares = 0;
  for (std::size_t j = 0; j < weights.shape()[1]; ++j) {
    squares += static_cast<double>(weights(row, j)) * static_cast<double>(weights(row, j));
  }
  return std::sqrt(squares);
}

/// The matrices among the parameters.
std::vector<const Array<float>*> matrices(const nn::Sequential<float>& network) {
  std::vector<const Array<float>*> result;
  nn::for_each_parameter(network, [&](const nn::ParameterName&, const Array<float>& parameter) {
    if (parameter.dimension() == 2) {
      result.push_back(&parameter);
    }
  });
  return result;
}

/// The size below which 99 % of the numbers are: a few large weights would leave the others pale.
float bulk(const Array<float>& weights) {
  std::vector<float> sizes(weights.size());
  std::transform(weights.data(), weights.data() + weights.size(), sizes.begin(),
                 [](float weight) { return std::abs(weight); });
  const auto place = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 100 * 99);
  std::nth_element(sizes.begin(), place, sizes.end());
  return *place;
}

std::string unit_image(const Array<float>& weights, std::size_t unit, std::size_t rows,
                       std::size_t columns, float limit) {
  std::vector<std::uint8_t> pixels(rows * columns);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const float share = limit > 0 ? std::clamp(weights(i, unit) / limit, -1.f, 1.f) : 0.f;
    pixels[i] = static_cast<std::uint8_t>(std::lround(share * shades) + shades);
  }
  return image_tag(encode_png(pixels, rows, columns, diverging()), rows, columns, "weights",
                   fmt::format("Weights into hidden unit {}", unit));
}

}  // namespace

std::string draw_samples(const nn::Dataset& data, const std::vector<std::string>& names) {
  constexpr std::size_t in_a_row = 10;
  std::size_t longest = 1;
  for (const std::string& name : names) {
    longest = std::max(longest, name.size());
  }
  std::string html;
  add(html, R"(<div class="card"><dl class="samples" style="--label: {}ch">)",
      std::min<std::size_t>(longest, 11));
  for (std::size_t k = 0; k < names.size(); ++k) {
    add(html, "<div><dt>{}</dt><dd>", escaped(names[k]));
    std::size_t found = 0;
    for (std::size_t i = 0; i < data.size() && found < in_a_row; ++i) {
      if (label_of(data, i) == k) {
        html += picture(data.features, i, names[k]);
        ++found;
      }
    }
    html += "</dd></div>\n";
  }
  return html += "</dl></div>\n";
}

std::string draw_images(const Samples& samples, std::size_t count) {
  if (count == 0) {
    return "";
  }
  std::string html = R"(<div class="card"><div class="units">)";
  for (std::size_t i = 0; i < count; ++i) {
    html += picture(samples, i, fmt::format("Image {}", i));
  }
  return html += "</div></div>\n";
}

std::string draw_misses(const nn::Dataset& data, const Predictions& predictions,
                        const std::vector<std::size_t>& chosen,
                        const std::vector<std::string>& names) {
  std::string html = R"(<div class="misses">)";
  const std::size_t classes = predictions.probabilities.shape()[1];
  for (const std::size_t image : chosen) {
    const std::size_t actual = label_of(data, image);
    const std::size_t predicted = predictions.predicted(image);
    const float* probabilities = predictions.probabilities.data() + image * classes;
    html += R"(<figure class="card miss">)";
    html += picture(data.features, image, fmt::format("Test image {}", image));
    html += columns_of(probabilities, classes, actual, predicted, names);
    add(html, R"(<figcaption><b class="actual">{}</b> taken for <b class="taken">{}</b>)",
        escaped(names[actual]), escaped(names[predicted]));
    add(html, " <small>no. {}</small></figcaption></figure>\n", image);
  }
  return html += "</div>\n";
}

std::string draw_units(const nn::Sequential<float>& network, std::size_t rows, std::size_t columns,
                       std::size_t most) {
  const auto layers = matrices(network);
  if (layers.size() < 2 || layers[0]->shape()[0] != rows * columns ||
      layers[1]->shape()[0] != layers[0]->shape()[1]) {
    return "";
  }
  const Array<float>& weights = *layers[0];
  std::vector<std::size_t> units(weights.shape()[1]);
  std::iota(units.begin(), units.end(), std::size_t{0});
  std::stable_sort(units.begin(), units.end(), [&](std::size_t a, std::size_t b) {
    return row_norm(*layers[1], a) > row_norm(*layers[1], b);
  });
  units.resize(std::min(units.size(), most));

  const float limit = bulk(weights);
  std::string html = R"(<div class="card"><div class="units">)";
  for (const std::size_t unit : units) {
    html += unit_image(weights, unit, rows, columns, limit);
  }
  add(html,
      "</div><p class=\"key\"><span class=\"low\">−{0:.2g}</span><span class=\"ramp\"></span>"
      "<span>+{0:.2g}</span></p></div>\n",
      limit);
  return html;
}

}  // namespace xtape::nn::report
