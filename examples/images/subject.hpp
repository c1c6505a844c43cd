#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>
#include <xtape.hpp>

#include "examples/images/model_file.hpp"
#include "examples/images/picture.hpp"
#include "nn/data/dataset.hpp"

namespace images {

/// Training and test images with their labels.
struct Data {
  xtape::nn::Dataset train;
  xtape::nn::Dataset test;
};

/// The images that a program learns to classify: what the commands cannot know of themselves.
struct Subject {
  const char* program;                   ///< The name of the program.
  std::vector<std::string> datasets;     ///< Names of known data sets. The first is the default.
  std::string files;                     ///< How many files a data set has: "four files".
  std::string formats;                   ///< What they may be: ", raw or gzipped". May be empty.
  std::string drawn;                     ///< What the program draws itself: "synthetic digits".
  std::vector<std::string> class_names;  ///< The classes of those.
  std::string numbered;                  ///< What predict takes an image by its number from.
  bool mirrored = false;  ///< Whether a prediction is the mean of an image and its mirror image.

  Data (*draw)();                                       ///< Draws synthetic images.
  Data (*read)(const std::filesystem::path& folder);    ///< Reads the files of a data set.
  Picture (*read_picture)(const std::string& name);     ///< Reads what predict is given.
  Model (*load_model)(const std::filesystem::path& p);  ///< Reads what train --save has written.
};

/// A network as predictions use it: its logits, or with Subject::mirrored the mean over the images
/// (batch, rows, columns, channels) and their mirror images.
class Classifier {
 public:
  Classifier(const Subject& subject, const xtape::nn::Sequential<float>& network)
      : network_(network), mirrored_(subject.mirrored) {}

  xtape::Variable<float> operator()(xtape::Variable<float> x) const {
    return mirrored_ ? 0.5f * (network_(x) + network_(flip(x, 2))) : network_(x);
  }

  static void visit(auto& self, auto&& f) { f("", self.network_); }

 private:
  const xtape::nn::Sequential<float>& network_;
  bool mirrored_;
};

}  // namespace images
