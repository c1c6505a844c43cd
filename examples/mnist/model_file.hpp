#pragma once

#include <filesystem>

#include "examples/images/model_file.hpp"

namespace mnist {

/// Reads a file of images::save_model(), or of another program with the weights (in, out) and
/// biases of Linear layers. See find_architecture() for networks with convolutions. The numbers in
/// their names ("0.weight", "2.weight") give the order. A missing number is an activation. With
/// "0.mean" and "0.deviation", or with the metadata "pixel_mean" and "pixel_deviation" of xtape
/// 0.2, the network begins with Standardize. Without metadata, the activation is sigmoid and the
/// names of classes are their numbers. The fact "activation" of the model is the activation between
/// layers. Throws DataError, with the name of the file, if it holds no such network.
images::Model load_model(const std::filesystem::path& path);

}  // namespace mnist
