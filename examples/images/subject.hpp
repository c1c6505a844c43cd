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

/// The images that a program learns to classify. The shared commands get everything from here that
/// differs between programs.
struct Subject {
  const char* program;                ///< The name of the program.
  std::vector<std::string> datasets;  ///< Names of known data sets. The first is the default.
  std::string files;                  ///< The number of files of a data set: "four files".
  std::string formats;  ///< The formats of the files: ", raw or gzipped". May be empty.
  std::string drawn;    ///< The images that the program draws: "synthetic digits".
  std::vector<std::string> class_names;  ///< The classes of the drawn images.
  std::string numbered;   ///< The kind of file that predict takes a numbered image from.
  bool mirrored = false;  ///< True if a prediction is the mean for an image and its mirror image.

  Data (*draw)();                                       ///< Draws synthetic images.
  Data (*read)(const std::filesystem::path& folder);    ///< Reads the files of a data set.
  Picture (*read_picture)(const std::string& name);     ///< Reads an argument of predict.
  Model (*load_model)(const std::filesystem::path& p);  ///< Reads a file of train --save.
};

/// A network for predictions. It returns the logits of the network. With Subject::mirrored, it
/// returns the mean of the logits of the images (batch, rows, columns, channels) and of their
/// mirror images.
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
