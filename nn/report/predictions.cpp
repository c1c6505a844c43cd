#include "nn/report/predictions.hpp"

#include <algorithm>

#include "autograd/no_grad.hpp"
#include "autograd/ops/softmax.hpp"
#include "autograd/scope.hpp"
#include "nn/data/batches.hpp"

namespace xtape::nn::report {

std::size_t Predictions::predicted(std::size_t sample) const {
  const std::size_t classes = probabilities.shape()[1];
  const float* row = probabilities.data() + sample * classes;
  return static_cast<std::size_t>(std::max_element(row, row + classes) - row);
}

Predictions classify_with(const Classifier& model, const Dataset& data) {
  Tape tape;
  const NoGrad guard{tape};
  Predictions predictions;
  std::size_t done = 0;
  for (const Batch& batch : Batches(data, 500)) {
    tape.rewind();
    const auto logits = model(tape.constant(batch.inputs));
    predictions.confusion.add(logits.value(), batch.targets);
    const Array<float>& rows = softmax(logits).value();
    if (done == 0) {
      resize(predictions.probabilities, Shape{data.size(), rows.shape()[1]});
    }
    std::copy_n(rows.data(), rows.size(),
                predictions.probabilities.data() + done * rows.shape()[1]);
    done += batch.size();
  }
  return predictions;
}

std::vector<std::size_t> worst(const Predictions& predictions, const Dataset& data,
                               std::size_t count) {
  const Indices labels = data.targets;
  const auto actual = [&](std::size_t i) { return static_cast<std::size_t>(labels[i]); };
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (predictions.predicted(i) != actual(i)) {
      wrong.push_back(i);
    }
  }
  const auto certainty = [&](std::size_t i) { return predictions.probabilities(i, actual(i)); };
  std::stable_sort(wrong.begin(), wrong.end(),
                   [&](std::size_t a, std::size_t b) { return certainty(a) < certainty(b); });
  wrong.resize(std::min(wrong.size(), count));
  return wrong;
}

}  // namespace xtape::nn::report
