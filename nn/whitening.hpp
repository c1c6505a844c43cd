#pragma once

#include "tensor/array.hpp"
#include "tensor/pair.hpp"

namespace xtape::nn {

/// Returns filters that whiten the windows of images (samples, height, width, channels). They fill
/// the weight (kernel height, kernel width, channels, 2 n) of a Conv2d. n is kernel height * kernel
/// width * channels. Filter i is v / sqrt(l + epsilon), where v is an eigenvector of the covariance
/// matrix of all windows and l its eigenvalue, in falling order. So the results of the first n
/// filters are uncorrelated and of about equal variance. Filter n + i is the negative of filter i.
///
/// Such a first layer need not be trained (Jordan 2024, arXiv:2404.00498). Pass a few thousand
/// images, as the layer gets them:
///
///     stem.weight = nn::whitening_filters(nn::predict(standardize, images), 2);
///     ...
///     nn::freeze(stem, tape);  // in each recording
///
/// Throws ShapeError unless the images have this shape, the kernel fits into them, and there are at
/// least two windows. Throws ValueError unless epsilon is finite and above 0, and all elements are
/// finite.
template <class T>
Array<T> whitening_filters(const Array<T>& images, Pair kernel, double epsilon = 5e-4);

}  // namespace xtape::nn
