#include "nn/report/figures.hpp"

#include <algorithm>
#include <utility>

#include "nn/report/confusion.hpp"
#include "nn/report/images.hpp"
#include "nn/report/learning.hpp"
#include "nn/report/metrics.hpp"
#include "nn/report/text.hpp"
#include "tensor/error.hpp"

namespace xtape::nn {
namespace {

using report::add;
using report::escaped;

void require_names(const char* figure, std::size_t classes, std::size_t names) {
  require<ValueError>(classes <= names, "{}: {} classes, but {} names", figure, classes, names);
}

/// The number of classes that the labels of a dataset need.
std::size_t classes_of(const Dataset& data) {
  const Indices labels = data.targets;
  std::size_t classes = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    require<ValueError>(labels[i] >= 0, "label {} of sample {} is not a class", labels[i], i);
    classes = std::max(classes, static_cast<std::size_t>(labels[i]) + 1);
  }
  return classes;
}

/// True if the run recorded histograms.
bool has_histograms(const History& history) {
  return std::ranges::any_of(history.epochs(),
                             [](const EpochRecord& epoch) { return !epoch.parameters.empty(); });
}

/// True for "12", "-0.5", "1.3e-05", "97.2 %".
bool is_number(const std::string& cell) {
  const std::size_t sign = cell.starts_with('-') || cell.starts_with('+') ? 1 : 0;
  return cell.size() > sign && cell[sign] >= '0' && cell[sign] <= '9';
}

std::vector<bool> numeric_columns(const std::vector<std::vector<std::string>>& rows,
                                  std::size_t columns) {
  std::vector<bool> numeric(columns, !rows.empty());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns; ++i) {
      numeric[i] = numeric[i] && is_number(row[i]);
    }
  }
  return numeric;
}

}  // namespace

Figure Figure::titled(std::string other_title, std::string other_text) const {
  Figure other = *this;
  other.title = std::move(other_title);
  if (!other_text.empty()) {
    other.text = std::move(other_text);
  }
  return other;
}

Figure curves(const History& history) {
  return {"curves", "Learning",
          "The loss is the mean over the training samples while the epoch lasted. The scores are "
          "measured after it, on samples that the model was not trained with.",
          report::draw_curves(history), report::metrics_csv(history)};
}

Figure confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  require_names("confusion", matrix.classes(), names.size());
  return {"confusion", "What it confuses",
          "Blue is right, orange is wrong: the darker a cell, the more samples are in it.",
          report::draw(matrix, names)};
}

Figure class_samples(const Dataset& data, const std::vector<std::string>& names) {
  require_names("class_samples", classes_of(data), names.size());
  return {"data", "The data", "The first samples of each class.",
          report::draw_samples(data, names)};
}

Figure images(const Samples& samples, std::size_t most) {
  return {"images", "Images", "", report::draw_images(samples, std::min(samples.size(), most))};
}

Figure mistakes(const Dataset& data, const Predictions& predictions,
                const std::vector<std::string>& names, std::size_t most) {
  const Shape& shape = predictions.probabilities.shape();
  require<ValueError>(shape.size() == 2 && shape[0] == data.size(),
                      "mistakes: {} samples, but predictions of shape {}", data.size(), shape);
  const std::size_t classes = classes_of(data);
  require<ValueError>(classes <= shape[1], "mistakes: labels of {} classes, but predictions of {}",
                      classes, shape[1]);
  require_names("mistakes", shape[1], names.size());
  const auto chosen = report::worst(predictions, data, most);
  return {"misses", "Its worst mistakes",
          "The samples to whose <b class=\"actual\">true class</b> it gave the least probability, "
          "and what it <b class=\"taken\">took them for</b>. The columns are the probabilities of "
          "all classes.",
          chosen.empty() ? "" : report::draw_misses(data, predictions, chosen, names)};
}

Figure filters(const Sequential<float>& network, std::size_t rows, std::size_t columns,
               std::size_t most) {
  return {"units", "What the hidden units look for",
          "The weights from the pixels to the hidden units that matter most to the next layer: ink "
          "on orange excites a unit, ink on blue inhibits it.",
          report::draw_units(network, rows, columns, most)};
}

Figure gradient_histograms(const History& history) {
  return {"gradients", "Do the gradients flow?",
          "Gradients that shrink from the last layer to the first vanish, and those layers stop "
          "learning. Gradients that grow from epoch to epoch explode. All panels share one axis, "
          "so a ridge farther to the left is a smaller gradient. They were counted at a few steps "
          "of each epoch.",
          has_histograms(history) ? report::draw_gradients(history) : "",
          report::metrics_csv(history)};
}

Figure weight_histograms(const History& history) {
  return {"weights", "How the weights spread",
          "The weights of each layer after each epoch. What piles up at the ends has saturated the "
          "units behind it.",
          has_histograms(history) ? report::draw_weights(history) : "",
          report::metrics_csv(history)};
}

Figure table(const std::vector<std::string>& columns,
             const std::vector<std::vector<std::string>>& rows) {
  const std::size_t cells = rows.empty() ? columns.size() : rows.front().size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require<ValueError>(rows[i].size() == cells && cells >= columns.size(),
                        "table: row {} has {} cells, expected {}", i, rows[i].size(),
                        std::max(cells, columns.size()));
  }
  const std::vector<bool> numeric = numeric_columns(rows, cells);
  std::string html = R"(<div class="card scroll"><table class="data"><thead><tr>)";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t span = i + 1 == columns.size() ? cells - i : 1;
    add(html, R"(<th scope="col"{}{}>{}</th>)",
        span > 1 ? fmt::format(" colspan=\"{}\"", span) : "",
        span == 1 && numeric[i] ? " class=\"number\"" : "", escaped(columns[i]));
  }
  html += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < cells; ++i) {
      if (i == 0) {
        add(html, "<th scope=\"row\">{}</th>", escaped(row[i]));
      } else {
        add(html, "<td{}>{}</td>", numeric[i] ? " class=\"number\"" : "", escaped(row[i]));
      }
    }
    html += "</tr>\n";
  }
  return {"table", "", "", html + "</tbody></table></div>\n"};
}

Figure side_by_side(const std::vector<Figure>& figures) {
  if (figures.empty()) {
    return {};
  }
  Figure joined = figures.front();
  joined.html = "<div class=\"grid\">\n";
  for (const Figure& each : figures) {
    joined.html += each.html;
    joined.csv = joined.csv.empty() ? each.csv : joined.csv;
  }
  joined.html += "</div>\n";
  return joined;
}

}  // namespace xtape::nn
