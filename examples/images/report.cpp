#include "examples/images/report.hpp"

#include <algorithm>

#include "examples/cli/versions.hpp"
#include "examples/images/insight.hpp"
#include "nn/report/report.hpp"
#include "nn/report/text.hpp"

namespace images {
namespace {

namespace nn = xtape::nn;
using nn::report::thousands;

/// What the run was asked to do.
cli::Facts configuration(const Course& course, std::uint64_t seed) {
  cli::Facts facts{{"recipe", course.recipe}};
  for (auto [name, value] : course.ingredients) {
    std::replace(name.begin(), name.end(), '_', ' ');
    facts.push_back({name, value});
  }
  facts.push_back({"seed", fmt::format("{}", seed)});
  return facts;
}

nn::Figure gradients(const std::vector<by_hand::GradientComparison>& comparisons) {
  std::vector<std::vector<std::string>> rows;
  rows.reserve(comparisons.size());
  for (const by_hand::GradientComparison& row : comparisons) {
    rows.push_back({row.name, fmt::format("{}", row.shape), fmt::format("{:.1e}", row.by_hand),
                    fmt::format("{:.1e}", row.by_differences), fmt::format("{}", row.elements),
                    row.agrees ? "agrees" : "DISAGREES"});
  }
  return nn::table({"gradient", "shape", "by hand", "by differences", "elements", "verdict"}, rows);
}

/// Adds the numbers at the top.
void add_facts(nn::Report& page, const ReportData& report, const nn::ConfusionMatrix& confusion) {
  double seconds = 0;
  for (const nn::EpochRecord& epoch : report.history.epochs()) {
    seconds += epoch.seconds;
  }
  page.fact("test accuracy", fmt::format("{:.2f} %", 100 * confusion.accuracy()));
  page.fact("test images wrong",
            fmt::format("{} of {}", thousands(confusion.total() - confusion.correct()),
                        thousands(confusion.total())));
  page.fact("weights", thousands(nn::parameter_count(report.network)));
  page.fact("time to train", fmt::format("{:.1f} s", seconds));
}

nn::Figure with_id(const char* id, nn::Figure figure) {
  figure.id = id;
  return figure;
}

}  // namespace

void write_report(const std::filesystem::path& folder, const ReportData& report) {
  const auto& [train, test] = report.source.data;
  const xtape::Shape& pixels = train.features.shape();
  const auto predictions = nn::classify(Classifier(report.subject, report.network), test);
  nn::Report page(report.source.title + ": what a network learned",
                  "A training run of xtape, and what its network sees.");
  add_facts(page, report, predictions.confusion);
  page.add(nn::class_samples(train, report.source.class_names)
               .titled("The data",
                       fmt::format("The first training images of each class, of {} in all; {} more "
                                   "are kept for the test.",
                                   thousands(train.size()), thousands(test.size()))));
  page.add(nn::curves(report.history));
  page.add(nn::confusion(predictions.confusion, report.source.class_names));
  page.add(nn::mistakes(test, predictions, report.source.class_names));
  page.add(nn::filters(report.network, pixels[0], pixels[1]));
  page.add(first_filters(report.network));
  page.add(feature_maps(report.network, test.features));
  page.add(nn::gradient_histograms(report.history));
  page.add(nn::weight_histograms(report.history));
  page.add(with_id("check", gradients(report.gradients))
               .titled("Gradient check",
                       "The greatest difference between the tape's gradients and those by formulas "
                       "derived by hand, and by finite differences of a sample of elements, "
                       "relative to the largest gradient of each parameter; in double precision, "
                       "before training."));
  page.add(with_id("configuration",
                   nn::side_by_side(
                       {nn::table({"Configuration"}, configuration(report.course, report.seed)),
                        nn::table({"Versions"}, cli::versions())}))
               .titled("How it was made"));
  page.write(folder);
}

}  // namespace images
