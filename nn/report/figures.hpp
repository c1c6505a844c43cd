#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nn/data/dataset.hpp"
#include "nn/report/predictions.hpp"
#include "nn/sequential.hpp"
#include "nn/train/history.hpp"
#include "nn/train/metrics.hpp"

/// @file
/// The figures that a Report is made of.

namespace xtape::nn {

/// A part of a Report under a heading. The members are HTML, so text of one's own goes through
/// report::escaped(), but `id` and `title` are text.
struct Figure {
  std::string id;        ///< The end of a link to it: "curves" in "#curves".
  std::string title;     ///< The heading. Empty: the figure has none.
  std::string text;      ///< A paragraph on how to read it. May be empty.
  std::string html;      ///< The figure itself. Empty: a Report leaves it out.
  std::string csv = {};  ///< The content of metrics.csv, from a figure that draws a History.

  /// Returns the same figure under another heading and, unless it is empty, with another paragraph.
  Figure titled(std::string other_title, std::string other_text = "") const;
};

using report::classify;
using report::Predictions;

/// Draws the loss, the accuracy and the learning rate of each epoch.
Figure curves(const History& history);

/// Draws a confusion matrix as a heat map. Rows are the true classes, columns the predicted ones.
/// Throws ValueError unless there is a name for each class.
Figure confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& names);

/// Shows the first images of each class, ten in a row. The samples are bytes of shape (rows,
/// columns), (rows, columns, 1) or (rows, columns, 3). Throws ShapeError or ValueError if they are
/// not, and ValueError if a label has no name.
Figure class_samples(const Dataset& data, const std::vector<std::string>& names);

/// Shows images beside each other, the first `most` of them. Throws as class_samples() does.
Figure images(const Samples& samples, std::size_t most = 100);

/// Shows the images that the model got most wrong, at most `most`, with the probabilities of all
/// classes. Empty if the model made no mistake. Throws as class_samples() does, and ValueError
/// unless the predictions are of these data.
Figure mistakes(const Dataset& data, const Predictions& predictions,
                const std::vector<std::string>& names, std::size_t most = 24);

/// Shows the weights from the pixels to hidden units as images, those of the most important units
/// first. Empty unless the first layer of the network is a Linear over `rows` x `columns` pixels
/// and another follows.
Figure filters(const Sequential<float>& network, std::size_t rows, std::size_t columns,
               std::size_t most = 64);

/// Draws the sizes of the gradients of each parameter, as curves and as histograms of some epochs.
Figure gradient_histograms(const History& history);

/// Draws histograms of each parameter, of some epochs.
Figure weight_histograms(const History& history);

/// Makes a table. Columns of numbers are aligned to the right. If the rows have more cells than
/// there are columns, the last heading spans the rest of them. Throws ValueError unless all rows
/// have the same number of cells, at least as many as there are columns.
Figure table(const std::vector<std::string>& columns,
             const std::vector<std::vector<std::string>>& rows);

/// Joins figures in one part of the page, beside each other where the screen is wide.
Figure side_by_side(const std::vector<Figure>& figures);

}  // namespace xtape::nn
