#include "nn/train/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <span>
#include <utility>

namespace xtape::nn {
namespace {

using xtape::detail::predicted_class;
using xtape::detail::require_classes;
using xtape::detail::require_logits;

template <class T>
void require_labelled(const char* operation, const Array<T>& logits, Indices labels,
                      std::optional<std::int64_t> ignored = {}) {
  require_logits(operation, logits);
  require<ShapeError>(labels.size() == logits.shape()[0], "{}: got {} labels for logits {}",
                      operation, labels.size(), logits.shape());
  require_classes(operation, labels, logits.shape()[1], ignored);
}

/// How many logits of the row come before that of `label`, the largest first.
template <class T>
std::size_t rank_of(const Array<T>& logits, std::size_t row, std::size_t label) {
  const std::size_t classes = logits.shape()[1];
  const T* z = logits.data() + row * classes;
  std::size_t rank = 0;
  for (std::size_t j = 0; j < classes; ++j) {
    const bool equal = z[j] == z[label] || (std::isnan(z[j]) && std::isnan(z[label]));
    const bool larger = z[j] > z[label] || (std::isnan(z[j]) && !std::isnan(z[label]));
    rank += larger || (equal && j < label);
  }
  return rank;
}

/// The mean of `share_of(0)` to `share_of(classes - 1)`, without those that are NaN.
template <class Share>
double mean_share(std::size_t classes, const Share& share_of) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    const double part = share_of(k);
    sum += std::isnan(part) ? 0 : part;
    count += !std::isnan(part);
  }
  return sum / static_cast<double>(count);
}

double share(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

/// "98.05", or "-" for a share of nothing.
std::string percent(double part) {
  return std::isnan(part) ? "-" : fmt::format("{:.2f}", 100 * part);
}

}  // namespace

template <class T>
double accuracy(const Array<T>& logits, Indices labels) {
  require_labelled("accuracy", logits, labels);
  std::size_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    correct += predicted_class(logits, i) == static_cast<std::size_t>(labels[i]);
  }
  return share(correct, labels.size());
}

template <class T>
double top_k_accuracy(const Array<T>& logits, Indices labels, std::size_t k) {
  require_labelled("top_k_accuracy", logits, labels);
  require<ValueError>(k > 0, "top_k_accuracy: expected a k of at least 1, got 0");
  std::size_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    correct += rank_of(logits, i, static_cast<std::size_t>(labels[i])) < k;
  }
  return share(correct, labels.size());
}

ConfusionMatrix::ConfusionMatrix(std::size_t classes)
    : classes_(classes), counts_(element_count(Shape{classes, classes}, "ConfusionMatrix")) {}

template <class T>
void ConfusionMatrix::add(const Array<T>& logits, Indices labels,
                          std::optional<std::int64_t> ignored) {
  require_labelled("ConfusionMatrix::add", logits, labels, ignored);
  if (classes() == 0) {
    *this = ConfusionMatrix(logits.shape()[1]);
  }
  require<ShapeError>(logits.shape()[1] == classes(),
                      "ConfusionMatrix::add: expected (batch, {}), got {}", classes(),
                      logits.shape());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != ignored) {
      ++counts_[static_cast<std::size_t>(labels[i]) * classes_ + predicted_class(logits, i)];
    }
  }
}

ConfusionMatrix::ConfusionMatrix(std::size_t classes, std::vector<std::size_t> counts)
    : classes_(classes), counts_(std::move(counts)) {
  require<ShapeError>(counts_.size() == classes * classes,
                      "ConfusionMatrix: got {} counts for {} classes", counts_.size(), classes);
}

std::size_t ConfusionMatrix::count(std::size_t actual, std::size_t predicted) const {
  require<ValueError>(actual < classes() && predicted < classes(),
                      "ConfusionMatrix: ({}, {}) is not a pair of the {} classes", actual,
                      predicted, classes());
  return counts_[actual * classes_ + predicted];
}

std::size_t ConfusionMatrix::total() const {
  std::size_t sum = 0;
  for (const std::size_t count : counts_) {
    sum += count;
  }
  return sum;
}

std::size_t ConfusionMatrix::correct() const {
  std::size_t sum = 0;
  for (std::size_t k = 0; k < classes(); ++k) {
    sum += count(k, k);
  }
  return sum;
}

double ConfusionMatrix::accuracy() const { return share(correct(), total()); }

double ConfusionMatrix::recall(std::size_t actual) const {
  std::size_t sum = 0;
  for (std::size_t k = 0; k < classes(); ++k) {
    sum += count(actual, k);
  }
  return share(count(actual, actual), sum);
}

double ConfusionMatrix::precision(std::size_t predicted) const {
  std::size_t sum = 0;
  for (std::size_t k = 0; k < classes(); ++k) {
    sum += count(k, predicted);
  }
  return share(count(predicted, predicted), sum);
}

double ConfusionMatrix::macro_recall() const {
  return mean_share(classes(), [this](std::size_t k) { return recall(k); });
}

double ConfusionMatrix::macro_precision() const {
  return mean_share(classes(), [this](std::size_t k) { return precision(k); });
}

std::string to_string(const ConfusionMatrix& matrix) {
  std::string table = fmt::format("{:>12}", "predicted");
  for (std::size_t k = 0; k < matrix.classes(); ++k) {
    table += fmt::format("{:>7}", k);
  }
  table += "   recall\n";
  for (std::size_t actual = 0; actual < matrix.classes(); ++actual) {
    table += fmt::format("{:<7}{:>5}", actual == 0 ? "actual" : "", actual);
    for (std::size_t predicted = 0; predicted < matrix.classes(); ++predicted) {
      table += fmt::format("{:>7}", matrix.count(actual, predicted));
    }
    table += fmt::format("{:>9}\n", percent(matrix.recall(actual)));
  }
  table += fmt::format("{:>12}", "precision");
  for (std::size_t k = 0; k < matrix.classes(); ++k) {
    table += fmt::format("{:>7}", percent(matrix.precision(k)));
  }
  return table + fmt::format("\n{} of {} correct: {} %", matrix.correct(), matrix.total(),
                             percent(matrix.accuracy()));
}

std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix) {
  return out << to_string(matrix) << '\n';
}

ConfusionMatrix all_reduce(ProcessGroup& group, const ConfusionMatrix& matrix) {
  std::vector<double> all(group.size());
  group.all_gather(static_cast<double>(matrix.classes()), all);
  const auto classes = static_cast<std::size_t>(*std::max_element(all.begin(), all.end()));
  std::vector<double> numbers(classes * classes, 0);  // exact up to 2^53
  for (std::size_t i = 0; i < matrix.classes(); ++i) {
    for (std::size_t k = 0; k < matrix.classes(); ++k) {
      numbers[i * classes + k] = static_cast<double>(matrix.count(i, k));
    }
  }
  group.all_reduce(std::span(numbers));
  std::vector<std::size_t> counts(numbers.size());
  std::transform(numbers.begin(), numbers.end(), counts.begin(),
                 [](double number) { return static_cast<std::size_t>(number); });
  return {classes, std::move(counts)};
}

Dataset shard(const Dataset& data, const ProcessGroup& group) {
  const std::size_t each = data.size() / group.size(), rest = data.size() % group.size();
  const std::size_t rank = group.rank();
  return data.slice(rank * each + std::min(rank, rest), each + (rank < rest ? 1 : 0));
}

#define XTAPE_INSTANTIATE(T)                                             \
  template double accuracy(const Array<T>&, Indices);                    \
  template double top_k_accuracy(const Array<T>&, Indices, std::size_t); \
  template void ConfusionMatrix::add(const Array<T>&, Indices, std::optional<std::int64_t>)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn
