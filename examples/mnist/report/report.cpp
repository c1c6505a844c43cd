#include "examples/mnist/report/report.hpp"

#include <system_error>

#include "nn/report/confusion.hpp"
#include "nn/report/images.hpp"
#include "nn/report/learning.hpp"
#include "nn/report/metrics.hpp"
#include "nn/report/predictions.hpp"
#include "nn/report/style.hpp"
#include "nn/report/text.hpp"

namespace mnist {

namespace report = xtape::nn::report;
namespace {

using report::add;
using report::escaped;

constexpr const char* page_file = "index.html";
constexpr const char* numbers_file = "metrics.csv";
constexpr std::size_t shown_misses = 24;
constexpr std::size_t shown_units = 64;

/// A chapter of the page and its entry in the list at the top.
struct Section {
  const char* id;
  const char* title;
  std::string text;  ///< How to read it, as HTML.
  std::string body;
};

std::string table(const char* caption, const Facts& facts) {
  std::string html = R"(<div class="card scroll"><table class="data">)";
  add(html, R"(<thead><tr><th scope="col" colspan="2">{}</th></tr></thead><tbody>)", caption);
  for (const auto& [name, value] : facts) {
    add(html, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(name), escaped(value));
  }
  return html += "</tbody></table></div>\n";
}

std::string gradient_table(const std::vector<GradientComparison>& rows) {
  std::string html =
      "<div class=\"card scroll\"><table class=\"data\"><thead><tr><th scope=\"col\">gradient</th>"
      "<th scope=\"col\">shape</th><th scope=\"col\" class=\"number\">by hand</th>"
      "<th scope=\"col\" class=\"number\">by differences</th>"
      "<th scope=\"col\" class=\"number\">elements</th><th scope=\"col\">verdict</th></tr></thead>"
      "<tbody>";
  for (const GradientComparison& row : rows) {
    add(html,
        "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"number\">{:.1e}</td>"
        "<td class=\"number\">{:.1e}</td><td class=\"number\">{}</td><td>{}</td></tr>\n",
        escaped(row.name), row.shape, row.by_hand, row.by_differences, row.elements,
        row.agrees ? "agrees" : "DISAGREES");
  }
  return html += "</tbody></table></div>\n";
}

std::vector<Section> sections(const ReportData& report, const report::Predictions& predictions) {
  const xtape::nn::Mnist& data = report.data;
  const xtape::Shape& images = data.train.features.shape();
  const auto worst = report::worst(predictions, data.test, shown_misses);
  std::vector<Section> result;
  result.push_back(
      {"data", "The data",
       fmt::format("The first training images of each class, of {} in all; {} more are "
                   "kept for the test.",
                   report::thousands(data.train.size()), report::thousands(data.test.size())),
       report::draw_samples(data.train, report.class_names)});
  result.push_back({"curves", "Learning",
                    "The loss is the mean cross-entropy over the training images while the epoch "
                    "lasted; the accuracy is measured after it, on images that the network has not "
                    "been trained with.",
                    report::draw_curves(report.history)});
  result.push_back({"confusion", "What it confuses",
                    "Blue is right, orange is wrong: the darker a cell, the more images are in it.",
                    report::draw(predictions.confusion, report.class_names)});
  if (!worst.empty()) {
    result.push_back({"misses", "Its worst mistakes",
                      "The test images to whose <b class=\"actual\">true class</b> it gave the "
                      "least probability, and what it <b class=\"taken\">took them for</b>. The "
                      "columns are the probabilities of all classes.",
                      report::draw_misses(data.test, predictions, worst, report.class_names)});
  }
  const std::string units = report::draw_units(report.network, images[0], images[1], shown_units);
  if (!units.empty()) {
    result.push_back(
        {"units", "What the hidden units look for",
         "The weights from the pixels to the hidden units that matter most to the next "
         "layer: ink on orange excites a unit, ink on blue inhibits it.",
         units});
  }
  result.push_back({"gradients", "Do the gradients flow?",
                    "Gradients that shrink from the last layer to the first vanish, and those "
                    "layers stop learning; gradients that grow from epoch to epoch explode. All "
                    "panels share one axis, so a ridge farther to the left is a smaller gradient. "
                    "They were counted at a few steps of each epoch.",
                    report::draw_gradients(report.history)});
  result.push_back({"weights", "How the weights spread",
                    "The weights of each layer after each epoch. What piles up at the ends has "
                    "saturated the units behind it.",
                    report::draw_weights(report.history)});
  result.push_back({"check", "Gradient check",
                    "The greatest difference between the tape's gradients and those by formulas "
                    "derived by hand, and by finite differences of a sample of elements, relative "
                    "to the largest gradient of each parameter; in double precision, before "
                    "training.",
                    gradient_table(report.gradients)});
  result.push_back({"configuration", "How it was made", "",
                    "<div class=\"grid\">" + table("Configuration", report.configuration) +
                        table("Versions", report.versions) + "</div>"});
  return result;
}

void add_header(std::string& html, const ReportData& report,
                const report::Predictions& predictions) {
  double seconds = 0;
  for (const xtape::nn::EpochRecord& epoch : report.history.epochs()) {
    seconds += epoch.seconds;
  }
  const auto& confusion = predictions.confusion;
  const auto fact = [&](const char* name, const std::string& value) {
    add(html, "<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
  };
  add(html, "<header><h1>{}: what a network learned</h1>\n", escaped(report.title));
  add(html, "<p>A training run of xtape, and what its network sees.</p>\n");
  html += "<dl class=\"facts\">\n";
  fact("test accuracy", fmt::format("{:.2f} %", 100 * confusion.accuracy()));
  fact("test images wrong",
       fmt::format("{} of {}", report::thousands(confusion.total() - confusion.correct()),
                   report::thousands(confusion.total())));
  fact("weights", report::thousands(xtape::nn::parameter_count(report.network)));
  fact("time to train", fmt::format("{:.1f} s", seconds));
  html += "</dl>\n";
}

std::string page(const ReportData& report) {
  const auto predictions = report::predict(report.network, report.data.test);
  const std::vector<Section> chapters = sections(report, predictions);
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'\">\n<link rel=\"icon\" href=\"data:,\">\n";
  add(html, "<title>{}: a training report</title>\n<style>{}</style>\n</head>\n<body>\n",
      escaped(report.title), report::style);
  add_header(html, report, predictions);
  html += "<nav aria-label=\"Parts of this report\">";
  for (const Section& section : chapters) {
    add(html, "<a href=\"#{}\">{}</a> ", section.id, section.title);
  }
  html += "</nav></header>\n<main>\n";
  for (const Section& section : chapters) {
    add(html, "<section id=\"{0}\" aria-labelledby=\"{0}-title\"><h2 id=\"{0}-title\">{1}</h2>\n",
        section.id, section.title);
    if (!section.text.empty()) {
      add(html, "<p>{}</p>\n", section.text);
    }
    add(html, "{}</section>\n", section.body);
  }
  add(html, "</main>\n<footer>Made by xtape {}. The numbers of each epoch: ", xtape::version());
  add(html, "<a href=\"{0}\">{0}</a></footer>\n</body>\n</html>\n", numbers_file);
  return html;
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error, ignored;
  std::filesystem::create_directories(folder, error);
  xtape::require<xtape::DataError>(std::filesystem::is_directory(folder, ignored),
                                   "{}: cannot be made: {}", folder.string(),
                                   error ? error.message() : "it is no folder");
}

}  // namespace

void require_report_folder(const std::filesystem::path& folder) {
  make_folder(folder);
  xtape::nn::require_writable(folder / numbers_file);
  xtape::nn::require_writable(folder / page_file);
}

void write_report(const std::filesystem::path& folder, const ReportData& report) {
  make_folder(folder);
  xtape::nn::write_file(folder / numbers_file, report::metrics_csv(report.history));
  xtape::nn::write_file(folder / page_file, page(report));
}

}  // namespace mnist
