#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace xtape::nn {

/// The state of a run that a progress bar shows.
struct Standing {
  std::size_t epoch = 1;          ///< The current epoch, counted from 1.
  std::size_t epochs = 1;         ///< The number of epochs.
  double done = 0;                ///< The completed part of the epoch, in [0, 1].
  double samples_per_second = 0;  ///< The speed of training.
  double loss = 0;                ///< A running mean. NaN: not shown.
  double seconds_left = 0;        ///< The time left for all epochs.
};

/// The place where a progress bar is drawn.
struct Canvas {
  std::size_t width = 80;  ///< The columns of the terminal.
  bool colour = false;     ///< True if escape sequences may colour the bar.
};

/// Returns "epoch  3/15 [======>      ]  52 %  0:07 left  loss 0.0853  612000/s" in less than
/// `canvas.width` columns. In a narrow terminal, the bar gets shorter and is then left out. After
/// the bar, the last parts are left out.
std::string progress_bar(const Standing& standing, const Canvas& canvas);

/// Returns the text of progress_bar() without a bar, for logs.
std::string progress_line(const Standing& standing);

/// Returns a duration, rounded up to seconds: "0:07", "12:30", "1:02:03".
std::string format_duration(double seconds);

/// The style in which Progress shows the state of a run.
enum class ProgressStyle {
  automatic,  ///< A bar if standard error is a terminal that can redraw a line, else lines.
  none,       ///< No output.
  lines,      ///< A line every ten seconds.
  bar         ///< A bar, redrawn up to ten times a second.
};

/// Returns ProgressStyle::bar if standard error is a terminal that can redraw a line, else
/// ProgressStyle::lines.
ProgressStyle style_of_stderr();

/// A display of the state of a training run on standard error. In a terminal with TERM=dumb, it
/// shows lines instead of a bar. The environment variable NO_COLOR switches colours off, unless it
/// is empty.
class Progress {
 public:
  /// Creates a display of this style.
  explicit Progress(ProgressStyle style = ProgressStyle::automatic);

  /// Erases the bar.
  ~Progress() { wipe(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Begins a run.
  void begin(std::size_t epochs, std::size_t samples_per_epoch);

  /// Begins an epoch. A resumed run has already done some of its samples.
  void begin_epoch(std::size_t number, std::size_t samples = 0);

  /// Counts a batch. A loss of NaN is left out of the mean that is shown.
  void advance(std::size_t samples, double loss);

  /// Ends an epoch, and erases the bar to make room for other output.
  void end_epoch();

  /// Prints a line of text above the bar, unless the style is none.
  void print(std::string_view line);

 private:
  using Clock = std::chrono::steady_clock;

  void show(Clock::time_point now);
  void wipe();

  ProgressStyle style_;
  Clock::duration interval_;
  std::size_t samples_per_epoch_ = 0;
  Standing standing_;
  double mean_loss_ = 0;     // a running mean over recent batches, or NaN
  std::size_t samples_ = 0;  // of this epoch
  std::size_t all_samples_ = 0;
  double training_seconds_ = 0;  // of the epochs before
  Clock::time_point epoch_start_;
  Clock::time_point next_;
  bool drawn_ = false;
};

}  // namespace xtape::nn
