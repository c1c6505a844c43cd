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
/// The figures of a Report.

namespace xtape::nn {

/// A part of a Report under a heading. `text` and `html` are HTML, so escape your own text with
/// report::escaped(). `id` and `title` are plain text.
struct Figure {
  std::string id;        ///< The anchor for links: "curves" in "#curves".
  std::string title;     ///< The heading. Empty: no heading.
  std::string text;      ///< A paragraph that explains the figure. May be empty.
  std::string html;      ///< The figure. Empty: a Report leaves it out.
  std::string csv = {};  ///< The content of metrics.csv. Only figures of a History have it.

  /// Returns the same figure with another heading. Unless `other_text` is empty, it replaces the
  /// paragraph.
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
/// columns), (rows, columns, 1) or (rows, columns, 3). Throws ShapeError or ValueError if the
/// samples have another shape or type. Throws ValueError if a label has no name.
Figure class_samples(const Dataset& data, const std::vector<std::string>& names);

/// Shows the first `most` images beside each other. Throws as class_samples() does.
Figure images(const Samples& samples, std::size_t most = 100);

/// Shows the worst mistakes of a model, at most `most`: the images and the probabilities of all
/// classes. If there is no mistake, the figure is empty. Throws as class_samples() does. Throws
/// ValueError unless the predictions are of these data.
Figure mistakes(const Dataset& data, const Predictions& predictions,
                const std::vector<std::string>& names, std::size_t most = 24);

/// Shows the weights from the pixels to hidden units as images. The most important units come
/// first. The figure is empty unless the first layer of the network is a Linear over `rows` x
/// `columns` pixels and another Linear follows.
Figure filters(const Sequential<float>& network, std::size_t rows, std::size_t columns,
               std::size_t most = 64);

/// Draws the sizes of the gradients of each parameter, as curves over all epochs and as histograms
/// for some epochs. The figure is empty if the run had no Run::histograms.
Figure gradient_histograms(const History& history);

/// Draws histograms of each parameter for some epochs. The figure is empty if the run had no
/// Run::histograms.
Figure weight_histograms(const History& history);

/// Makes a table. Columns of numbers are aligned to the right. If the rows have more cells than
/// there are columns, the last heading spans the remaining cells. Throws ValueError unless all rows
/// have the same number of cells, at least as many as there are columns.
Figure table(const std::vector<std::string>& columns,
             const std::vector<std::vector<std::string>>& rows);

/// Joins figures in one part of the page. On a wide screen, they are beside each other.
Figure side_by_side(const std::vector<Figure>& figures);

}  // namespace xtape::nn
