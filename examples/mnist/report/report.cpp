#include "examples/mnist/report/report.hpp"

#include "nn/report/report.hpp"
#include "nn/report/text.hpp"

namespace mnist {
namespace {

namespace nn = xtape::nn;
using nn::report::thousands;

nn::Figure facts(const char* heading, const Facts& facts) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : facts) {
    rows.push_back({name, value});
  }
  return nn::table({heading}, rows);
}

nn::Figure gradients(const std::vector<GradientComparison>& comparisons) {
  std::vector<std::vector<std::string>> rows;
  for (const GradientComparison& row : comparisons) {
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
  const auto& [train, test] = report.data;
  const xtape::Shape& pixels = train.features.shape();
  const auto predictions = nn::classify(report.network, test);
  nn::Report page(report.title + ": what a network learned",
                  "A training run of xtape, and what its network sees.");
  add_facts(page, report, predictions.confusion);
  page.add(nn::class_samples(train, report.class_names)
               .titled("The data",
                       fmt::format("The first training images of each class, of {} in all; {} more "
                                   "are kept for the test.",
                                   thousands(train.size()), thousands(test.size()))));
  page.add(nn::curves(report.history));
  page.add(nn::confusion(predictions.confusion, report.class_names));
  page.add(nn::mistakes(test, predictions, report.class_names));
  page.add(nn::filters(report.network, pixels[0], pixels[1]));
  page.add(nn::gradient_histograms(report.history));
  page.add(nn::weight_histograms(report.history));
  page.add(with_id("check", gradients(report.gradients))
               .titled("Gradient check",
                       "The greatest difference between the tape's gradients and those by formulas "
                       "derived by hand, and by finite differences of a sample of elements, "
                       "relative to the largest gradient of each parameter; in double precision, "
                       "before training."));
  page.add(with_id("configuration", nn::side_by_side({facts("Configuration", report.configuration),
                                                      facts("Versions", report.versions)}))
               .titled("How it was made"));
  page.write(folder);
}

}  // namespace mnist
