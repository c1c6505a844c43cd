#include "nn/train/regression.hpp"

#include <cmath>

namespace xtape::nn {

template <class T>
void RegressionErrors::add(const Array<T>& predictions, const Array<T>& targets) {
  constexpr const char* name = "RegressionErrors::add";
  require_whole(name, predictions);
  require_whole(name, targets);
  require<ShapeError>(
      targets.dimension() > 0 && predictions.dimension() > 0 &&
          predictions.shape()[0] == targets.shape()[0] && predictions.size() == targets.size(),
      "{}: got predictions {} for targets {}", name, predictions.shape(), targets.shape());
  const std::size_t rows = targets.shape()[0];
  if (rows == 0) {
    return;
  }
  const std::size_t width = targets.size() / rows;
  require<ShapeError>(rows_ == 0 || outputs_.size() == width,
                      "{}: got {} numbers a row, before them {}", name, width, outputs_.size());
  outputs_.resize(width);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    Output& output = outputs_[i % width];
    const auto target = static_cast<double>(targets.data()[i]);
    const double residual = static_cast<double>(predictions.data()[i]) - target;
    output.squares += residual * residual;
    output.absolutes += std::abs(residual);
    const double from_mean = target - output.mean;
    const std::size_t row = i / width;
    output.mean += from_mean / static_cast<double>(rows_ + row + 1);
    output.spread += from_mean * (target - output.mean);
  }
  rows_ += rows;
}

double RegressionErrors::mean_of(double Output::*sum) const {
  double all = 0;
  for (const Output& output : outputs_) {
    all += output.*sum;
  }
  return all / static_cast<double>(rows_ * outputs_.size());
}

double RegressionErrors::mean_squared_error() const { return mean_of(&Output::squares); }

double RegressionErrors::mean_absolute_error() const { return mean_of(&Output::absolutes); }

double RegressionErrors::r_squared() const {
  double sum = 0;
  for (const Output& output : outputs_) {
    sum += 1 - output.squares / output.spread;
  }
  return sum / static_cast<double>(outputs_.size());
}

#define XTAPE_INSTANTIATE(T) template void RegressionErrors::add(const Array<T>&, const Array<T>&)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape::nn
