#include "nn/report/learning.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "nn/report/curves.hpp"
#include "nn/report/ridges.hpp"
#include "nn/report/text.hpp"
#include "nn/short_number.hpp"

namespace xtape::nn::report {
namespace {

constexpr std::size_t most_ridges = 12;  // in one panel
constexpr std::size_t most_panels = 12;  // the report stays small for deep networks
constexpr double log2_of_10 = 3.321928094887362;

std::vector<std::size_t> numbers(const History& history) {
  std::vector<std::size_t> epochs;
  for (const EpochRecord& epoch : history.epochs()) {
    epochs.push_back(epoch.epoch);
  }
  return epochs;
}

using Quantity = std::function<double(const EpochRecord&)>;

Series series(const History& history, const std::string& name, const Quantity& quantity) {
  Series result{name, {}};
  for (const EpochRecord& epoch : history.epochs()) {
    result.values.push_back(quantity(epoch));
  }
  return result;
}

/// Returns `text` of the last epoch, or nothing.
template <class Text>
std::string last_of(const History& history, Text&& text) {
  return history.epochs().empty() ? "" : text(history.epochs().back()) + " in the last epoch";
}

std::vector<double> without_nan(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  return values;
}

/// Returns "loss: from 0.256 to 0.008." for those who do not see the chart.
std::string from_to(const Curves& curves) {
  std::string text;
  for (const Series& each : curves.series) {
    const std::vector<double> values = without_nan(each.values);
    if (!values.empty()) {
      add(text, "{}{}: from {:.4g}{} to {:.4g}{}", text.empty() ? "" : "; ", each.name,
          values.front(), curves.unit, values.back(), curves.unit);
    }
  }
  return text + '.';
}

std::string draw_described(Curves curves) {
  curves.description = from_to(curves);
  return draw(curves);
}

/// Returns true if the largest number is more than ten times the smallest.
bool spans_decades(const std::vector<double>& values) {
  if (values.empty()) {
    return false;
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return *low > 0 && *high / *low > 10;
}

bool is_bias(const std::string& name) { return name.ends_with("bias"); }

Curves gradient_sizes(const History& history) {
  Curves curves{.title = "All layers",
                .description = "",
                .note = "root mean square of the gradients, logarithmic scale",
                .unit = "",
                .epochs = numbers(history),
                .series = {},
                .logarithmic = true};
  for (const std::string& name : names_of(history, &EpochRecord::parameters)) {
    if (!is_bias(name)) {
      curves.series.push_back(series(history, name, [&](const EpochRecord& epoch) {
        const ParameterRecord* record = epoch.parameter(name);
        return record == nullptr ? std::nan("") : record->gradient_rms;
      }));
    }
  }
  return curves;
}

/// The powers of ten around the gradients of all layers and epochs, without the rarest and those in
/// the first bin, which are smaller than can be told.
std::pair<int, int> decades(const History& history) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const EpochRecord& epoch : history.epochs()) {
    for (const ParameterRecord& parameter : epoch.parameters) {
      const Histogram& histogram = parameter.gradients;
      std::uint64_t total = 0;
      for (const auto count : histogram.counts) {
        total += count;
      }
      for (std::size_t bin = 1; bin < histogram.counts.size(); ++bin) {
        if (histogram.counts[bin] * 200 > total) {
          low = std::min(low, histogram.low + static_cast<double>(bin));
          high = std::max(high, histogram.low + static_cast<double>(bin) + 1);
        }
      }
    }
  }
  if (low > high) {
    return {-6, 0};
  }
  return {static_cast<int>(std::floor(low / log2_of_10)),
          static_cast<int>(std::ceil(high / log2_of_10))};
}

/// A parameter in the epochs that recorded it.
struct Recorded {
  std::vector<std::size_t> epochs;
  std::vector<const ParameterRecord*> records;
};

Recorded recorded(const History& history, const std::string& name) {
  Recorded result;
  for (const EpochRecord& epoch : history.epochs()) {
    if (const ParameterRecord* record = epoch.parameter(name)) {
      result.epochs.push_back(epoch.epoch);
      result.records.push_back(record);
    }
  }
  return result;
}

/// Returns a panel of one parameter, with some epochs and their histograms.
Ridges panel(const Recorded& parameter, const Histogram ParameterRecord::*histogram) {
  Ridges ridges;
  ridges.title = parameter.records.back()->name;
  for (const std::size_t i : spread(parameter.epochs.size(), most_ridges)) {
    ridges.epochs.push_back(parameter.epochs[i]);
    ridges.histograms.push_back(&(parameter.records[i]->*histogram));
  }
  return ridges;
}

Ridges gradient_panel(const Recorded& parameter, std::pair<int, int> range) {
  const ParameterRecord& last = *parameter.records.back();
  Ridges ridges = panel(parameter, &ParameterRecord::gradients);
  ridges.note = fmt::format("root mean square {:.1e} in the last epoch", last.gradient_rms);
  if (last.zero_gradients > 0.001) {
    add(ridges.note, ", {:.0f} % exactly zero", 100 * last.zero_gradients);
  }
  ridges.description =
      fmt::format("Histograms of the gradients of {}: {}.", last.name, ridges.note);
  ridges.label = "size of a gradient";
  ridges.low = range.first * log2_of_10;
  ridges.high = range.second * log2_of_10;
  const int stride = (range.second - range.first + 5) / 6;
  for (int power = range.first; power <= range.second; power += std::max(1, stride)) {
    ridges.ticks.push_back({power * log2_of_10, power_of_ten(power)});
  }
  return ridges;
}

Ridges weight_panel(const Recorded& parameter) {
  const ParameterRecord& last = *parameter.records.back();
  Ridges ridges = panel(parameter, &ParameterRecord::weights);
  for (const Histogram* histogram : ridges.histograms) {
    ridges.high = std::max(ridges.high, histogram->high);
  }
  ridges.high = ridges.high > 0 ? ridges.high : 1;
  ridges.low = -ridges.high;
  ridges.note = fmt::format("root mean square {:.2g}, largest {:.2g} after the last epoch",
                            last.weight_rms, last.weights.high);
  ridges.description = fmt::format("Histograms of {}: {}.", last.name, ridges.note);
  ridges.label = "value";
  ridges.ticks = linear_ticks(ridges.low, ridges.high, 5);
  return ridges;
}

/// Returns the chart `first` and a panel for each parameter. If there are very many, some between
/// the first and the last are left out.
template <class Panel>
std::string panels(const History& history, const std::string& first, Panel&& panel_of) {
  std::string html = "<div class=\"grid\">\n" + first;
  const auto names = names_of(history, &EpochRecord::parameters);
  for (const std::size_t i : spread(names.size(), most_panels)) {
    html += draw(panel_of(recorded(history, names[i])));
  }
  return html += "</div>\n";
}

/// Returns the names of metrics that are neither a loss nor an accuracy.
std::vector<std::string> other_metrics(const History& history) {
  std::vector<std::string> names = names_of(history, &EpochRecord::metrics);
  std::erase_if(names, [](const std::string& name) {
    return name.ends_with(" loss") || name.ends_with("accuracy");
  });
  return names;
}

Curves metric_chart(const History& history, const std::string& title, const std::string& unit) {
  return {.title = title,
          .description = "",
          .note = "",
          .unit = unit,
          .epochs = numbers(history),
          .series = {}};
}

/// Adds a line for a metric, in multiples of 1 / `scale`.
void add_metric(Curves& curves, const History& history, const std::string& name,
                const std::string& label, double scale) {
  curves.series.push_back(
      series(history, label, [&](const EpochRecord& epoch) { return scale * epoch.metric(name); }));
}

std::string number_text(double number) {
  return std::isnan(number) ? "no number" : detail::short_number(number);
}

/// Gives a chart without a note the last number of its last line.
void add_note(Curves& curves, const History& history) {
  if (curves.note.empty() && !curves.series.empty()) {
    curves.note = last_of(history, [&](const EpochRecord&) {
      const double last = curves.series.back().values.back();
      return std::isnan(last) || curves.unit.empty() ? number_text(last)
                                                     : fmt::format("{:.2f}{}", last, curves.unit);
    });
  }
}

/// Adds a line for each metric whose name ends with `end`, in multiples of 1 / `scale`.
void add_metrics(Curves& curves, const History& history, const std::string& end, double scale) {
  for (const std::string& name : names_of(history, &EpochRecord::metrics)) {
    if (!name.ends_with(end)) continue;
    std::string label = name.substr(0, name.size() - end.size());
    label.erase(label.find_last_not_of(' ') + 1);
    add_metric(curves, history, name, label.empty() ? name : label, scale);
  }
  add_note(curves, history);
}

}  // namespace

std::string draw_curves(const History& history) {
  Curves loss{.title = "Loss",
              .description = "",
              .note = last_of(history, [](const auto& e) { return number_text(e.loss); }),
              .unit = "",
              .epochs = numbers(history),
              .series = {series(history, "training", [](const auto& e) { return e.loss; })}};
  add_metrics(loss, history, " loss", 1);
  const std::vector<double> losses = without_nan(loss.series[0].values);
  loss.logarithmic = spans_decades(losses);
  loss.note += loss.logarithmic ? "; logarithmic scale" : "";
  if (losses.empty() && !history.epochs().empty()) {  // the program did not add any
    loss.series.erase(loss.series.begin());
    loss.note.clear();
  }

  Curves accuracy = metric_chart(history, "Accuracy", " %");
  add_metrics(accuracy, history, "accuracy", 100);

  const Curves rate{
      .title = "Learning rate",
      .description = "",
      .note = "of the last step of each epoch",
      .unit = "",
      .epochs = numbers(history),
      .series = {series(history, "rate", [](const auto& e) { return e.learning_rate; })}};
  std::string html = "<div class=\"grid\">\n";
  if (!loss.series.empty()) {
    html += draw_described(std::move(loss));
  }
  if (!accuracy.series.empty()) {
    html += draw_described(std::move(accuracy));
  }
  for (const std::string& name : other_metrics(history)) {
    Curves other = metric_chart(history, name, "");
    add_metric(other, history, name, name, 1);
    add_note(other, history);
    html += draw_described(std::move(other));
  }
  return html + draw_described(rate) + "</div>\n";
}

std::string draw_gradients(const History& history) {
  if (history.epochs().empty()) {
    return "";
  }
  const auto range = decades(history);
  const std::string sizes = draw_described(gradient_sizes(history));
  return panels(history, sizes, [&](const Recorded& each) { return gradient_panel(each, range); });
}

std::string draw_weights(const History& history) {
  if (history.epochs().empty()) {
    return "";
  }
  return panels(history, "", weight_panel);
}

}  // namespace xtape::nn::report
