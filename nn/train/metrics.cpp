#include "nn/train/metrics.hpp"

#include <fmt/format.h>

#include <cmath>
#include <ostream>

namespace xtape::nn {
namespace {

template <class T>
void require_logits(const char* operation, const Array<T>& logits) {
  require_whole(operation, logits);
  require<ShapeError>(logits.dimension() == 2 && logits.shape()[1] > 0,
                      "{}: expected logits (batch, classes) with at least one class, got {}",
                      operation, logits.shape());
}

void require_classes(const char* operation, Indices labels, std::size_t classes) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    // A negative label becomes a huge one.
    require<ValueError>(static_cast<std::uint64_t>(labels[i]) < classes,
                        "{}: label {} of row {} is not one of the {} classes", operation,
                        labels.text(i), i, classes);
  }
}

template <class T>
void require_labelled(const char* operation, const Array<T>& logits, Indices labels) {
  require_logits(operation, logits);
  require<ShapeError>(labels.size() == logits.shape()[0], "{}: got {} labels for logits {}",
                      operation, labels.size(), logits.shape());
  require_classes(operation, labels, logits.shape()[1]);
}

template <class T>
std::size_t predicted_class(const Array<T>& logits, std::size_t row) {
  const std::size_t classes = logits.shape()[1];
  const T* z = logits.data() + row * classes;
  std::size_t best = 0;
  for (std::size_t j = 1; j < classes && !std::isnan(z[best]); ++j) {
    if (z[j] > z[best] || std::isnan(z[j])) {
      best = j;
    }
  }
  return best;
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
std::vector<std::size_t> argmax(const Array<T>& logits) {
  require_logits("argmax", logits);
  std::vector<std::size_t> classes(logits.shape()[0]);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    classes[i] = predicted_class(logits, i);
  }
  return classes;
}

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
Array<T> one_hot(Indices labels, std::size_t classes) {
  require_classes("one_hot", labels, classes);
  Array<T> rows;
  resize(rows, Shape{labels.size(), classes}, "one_hot");
  rows.fill(T(0));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    rows.data()[i * classes + static_cast<std::size_t>(labels[i])] = T(1);
  }
  return rows;
}

ConfusionMatrix::ConfusionMatrix(std::size_t classes)
    : classes_(classes), counts_(element_count(Shape{classes, classes}, "ConfusionMatrix")) {}

template <class T>
void ConfusionMatrix::add(const Array<T>& logits, Indices labels) {
  require_labelled("ConfusionMatrix::add", logits, labels);
  if (classes() == 0) {
    *this = ConfusionMatrix(logits.shape()[1]);
  }
  require<ShapeError>(logits.shape()[1] == classes(),
                      "ConfusionMatrix::add: expected (batch, {}), got {}", classes(),
                      logits.shape());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++counts_[static_cast<std::size_t>(labels[i]) * classes_ + predicted_class(logits, i)];
  }
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

#define XTAPE_INSTANTIATE(T)                                 \
  template std::vector<std::size_t> argmax(const Array<T>&); \
  template double accuracy(const Array<T>&, Indices);        \
  template Array<T> one_hot(Indices, std::size_t);           \
  template void ConfusionMatrix::add(const Array<T>&, Indices)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn
