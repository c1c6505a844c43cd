#include "tensor/kernels/normalize_tangents.hpp"

#include <algorithm>

#include "tensor/scratch.hpp"

namespace xtape {
namespace {

/// The elements of one sample, with their normalised values and the tangents of those.
template <class F>
class NormalizedSample {
 public:
  NormalizedSample(std::size_t number, DualPointer<const F> x, const NormShape& shape,
                   const Moments<F>& moments)
      : number_(number), x_(x), shape_(shape), moments_(moments) {
    means_ = zeros<struct MeansOfTangents>();
    products_ = zeros<struct MeansOfProducts>();
    for_each([&](std::size_t i, std::size_t c, std::size_t g) {
      means_[g] += static_cast<double>(x_.tangent[i]) / count();
      products_[g] += normal(i, c) * static_cast<double>(x_.tangent[i]) / count();
    });
  }

  /// Calls f(i, c, g) for each element i, in channel c and in group g.
  template <class Function>
  void for_each(Function f) const {
    const std::size_t in_group = shape_.channels / shape_.groups;
    for (std::size_t p = 0; p < shape_.positions; ++p) {
      const std::size_t row = (number_ * shape_.positions + p) * shape_.channels;
      for (std::size_t c = 0; c < shape_.channels; ++c) {
        f(row + c, c, c / in_group);
      }
    }
  }

  /// Returns one number for each group, 0. `Tag` distinguishes them.
  template <class Tag>
  double* zeros() const {
    double* const numbers = scratch_elements<double, Tag>(shape_.groups);
    std::fill_n(numbers, shape_.groups, 0.0);
    return numbers;
  }

  /// Returns the number of elements of a group.
  double count() const { return static_cast<double>(shape_.count()); }

  double inverse(std::size_t c) const {
    return static_cast<double>(moments_.inverse[statistic(c)]);
  }
  /// Returns the tangent of inverse(c).
  double inverse_tangent(std::size_t c, std::size_t g) const {
    return -inverse(c) * inverse(c) * products_[g];
  }
  /// Returns (x - mean) inverse.
  double normal(std::size_t i, std::size_t c) const {
    const std::size_t s = statistic(c);
    const auto from_guess = static_cast<double>(x_.value[i] - moments_.guess[s]);
    return (from_guess - static_cast<double>(moments_.shift[s])) * inverse(c);
  }
  /// Returns the tangent of normal(i, c).
  double normal_tangent(std::size_t i, std::size_t c, std::size_t g) const {
    return inverse(c) *
           (static_cast<double>(x_.tangent[i]) - means_[g] - normal(i, c) * products_[g]);
  }

 private:
  std::size_t statistic(std::size_t c) const {
    return number_ * shape_.width() + (shape_.width() == 1 ? 0 : c);
  }

  std::size_t number_;
  DualPointer<const F> x_;
  const NormShape& shape_;
  const Moments<F>& moments_;
  double* means_;     // of the tangents of x, of each group
  double* products_;  // means of their products with the normalised values
};

}  // namespace

template <class F>
void normalize_tangents(DualPointer<const F> x, const NormShape& shape, const Moments<F>& moments,
                        DualPointer<const F> weight, DualPointer<const F> bias, F* dy) {
  for (std::size_t s = 0; s < shape.samples; ++s) {
    const NormalizedSample<F> sample(s, x, shape, moments);
    sample.for_each([&](std::size_t i, std::size_t c, std::size_t g) {
      dy[i] = static_cast<F>(static_cast<double>(weight.tangent[c]) * sample.normal(i, c) +
                             static_cast<double>(weight.value[c]) * sample.normal_tangent(i, c, g) +
                             static_cast<double>(bias.tangent[c]));
    });
  }
}

template <class F>
void sum_tangents_by_channel(DualPointer<const F> x, DualPointer<const F> dy,
                             const NormShape& shape, const Moments<F>& moments, double* dweight,
                             double* dbias) {
  std::fill_n(dweight, shape.channels, 0.0);
  std::fill_n(dbias, shape.channels, 0.0);
  for (std::size_t s = 0; s < shape.samples; ++s) {
    const NormalizedSample<F> sample(s, x, shape, moments);
    sample.for_each([&](std::size_t i, std::size_t c, std::size_t g) {
      const auto value = static_cast<double>(dy.value[i]);
      const auto tangent = static_cast<double>(dy.tangent[i]);
      dweight[c] += tangent * sample.normal(i, c) + value * sample.normal_tangent(i, c, g);
      dbias[c] += tangent;
    });
  }
}

template <class F>
void normalize_backward_tangents(DualPointer<const F> x, DualPointer<const F> dy,
                                 const NormShape& shape, const Moments<F>& moments,
                                 DualPointer<const F> weight, F beta, F* dx) {
  const auto scaled = [=](std::size_t i, std::size_t c) {
    return Dual<double>(dy[i]) * Dual<double>(weight[c]);
  };
  for (std::size_t s = 0; s < shape.samples; ++s) {
    const NormalizedSample<F> sample(s, x, shape, moments);
    double* const mean = sample.template zeros<struct MeanOfGradients>();
    double* const mean_tangent = sample.template zeros<struct MeanOfGradientTangents>();
    double* const product = sample.template zeros<struct ProductOfGradients>();
    double* const product_tangent = sample.template zeros<struct ProductOfGradientTangents>();
    const auto normal = [&](std::size_t i, std::size_t c, std::size_t g) {
      return Dual<double>(sample.normal(i, c), sample.normal_tangent(i, c, g));
    };
    sample.for_each([&](std::size_t i, std::size_t c, std::size_t g) {
      const Dual<double> gradient = scaled(i, c), weighted = gradient * normal(i, c, g);
      mean[g] += gradient.value / sample.count();
      mean_tangent[g] += gradient.tangent / sample.count();
      product[g] += weighted.value / sample.count();
      product_tangent[g] += weighted.tangent / sample.count();
    });
    sample.for_each([&](std::size_t i, std::size_t c, std::size_t g) {
      const Dual<double> inverse(sample.inverse(c), sample.inverse_tangent(c, g));
      const Dual<double> gradient =
          inverse * (scaled(i, c) - Dual<double>(mean[g], mean_tangent[g]) -
                     normal(i, c, g) * Dual<double>(product[g], product_tangent[g]));
      dx[i] = static_cast<F>(gradient.tangent) + (beta > 0 ? dx[i] : F(0));
    });
  }
}

#define XTAPE_INSTANTIATE(F)                                                                    \
  template void normalize_tangents(DualPointer<const F>, const NormShape&, const Moments<F>&,   \
                                   DualPointer<const F>, DualPointer<const F>, F*);             \
  template void sum_tangents_by_channel(DualPointer<const F>, DualPointer<const F>,             \
                                        const NormShape&, const Moments<F>&, double*, double*); \
  template void normalize_backward_tangents(DualPointer<const F>, DualPointer<const F>,         \
                                            const NormShape&, const Moments<F>&,                \
                                            DualPointer<const F>, F, F*)
XTAPE_FOR_EACH_SCALAR(XTAPE_INSTANTIATE);
#undef XTAPE_INSTANTIATE

}  // namespace xtape
