#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

namespace mnist {

/// Where training stands.
struct Standing {
  std::size_t epoch = 1, epochs = 1;
  double done = 0;  ///< The part of the epoch that is done, in [0, 1].
  double samples_per_second = 0;
  double loss = 0;
  double seconds_left = 0;  ///< Of all epochs.
};

/// How a progress bar is drawn.
struct Canvas {
  std::size_t width = 80;  ///< Columns of the terminal.
  bool colour = false;
};

/// "epoch  3/15 [======>      ]  52 %  0:07 left  loss 0.0853  612000/s" in less than
/// `canvas.width` columns: where it gets narrow the bar shrinks and vanishes, then the last parts.
std::string progress_bar(const Standing& standing, const Canvas& canvas);

/// The same for logs, without a bar.
std::string progress_line(const Standing& standing);

/// "0:07", "12:30", "1:02:03".
std::string format_duration(double seconds);

/// Shows on standard error how training goes on: in a terminal a bar that is redrawn up to ten
/// times a second, elsewhere a line every ten seconds. In a terminal that cannot redraw a line
/// (TERM=dumb) it prints lines too; NO_COLOR, set to anything, forbids colours.
class Progress {
 public:
  enum class Style { none, lines, bar };

  /// What fits standard error.
  static Style style_of_stderr();

  explicit Progress(Style style);

  void begin(std::size_t epochs, std::size_t samples_per_epoch);

  /// `samples` are behind it already in a run that goes on.
  void begin_epoch(std::size_t number, std::size_t samples = 0);

  /// Counts a step. Nearly always a few nanoseconds and no more.
  void advance(std::size_t samples, double loss);

  /// Counts the time of an epoch and wipes the bar, to make room for other output.
  void end_epoch();

 private:
  using Clock = std::chrono::steady_clock;

  void show(Clock::time_point now);

  Style style_;
  Clock::duration interval_;
  std::size_t samples_per_epoch_ = 0;
  Standing standing_;
  double mean_loss_ = 0;     // a running mean over recent steps
  std::size_t samples_ = 0;  // of this epoch
  std::size_t all_samples_ = 0;
  double training_seconds_ = 0;  // of the epochs before
  Clock::time_point epoch_start_;
  Clock::time_point next_;
  bool drawn_ = false;
};

}  // namespace mnist
